// What a teacher has picked goes back to the platform at once; its button does the same.
const form = document.getElementById("lti-picked");
if (form instanceof HTMLFormElement) form.submit();
