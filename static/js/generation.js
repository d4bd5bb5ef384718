// Keeps the page of a generation up to date: how far it is, and its drafts.
import { Board } from "./live.js";

new Board((took) => Math.max(100, 2 * took));
