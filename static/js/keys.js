// What every handler of keys asks first.

/**
 * Say whether a key belongs to an input method's composition: its Enter picks a word. Safari says so by 229 alone.
 * @param {KeyboardEvent} event
 */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;
