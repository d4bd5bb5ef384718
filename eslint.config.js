// The style of the pages' scripts. Their types are TypeScript's affair (jsconfig.json).
import js from "@eslint/js";
import globals from "globals";

const rules = {
  "consistent-this": "error",
  eqeqeq: "error",
  "max-lines": ["error", 300],
  "no-else-return": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-lonely-if": "error",
  "no-promise-executor-return": "off", // `new Promise((resolve) => setTimeout(resolve, wait))` is plain enough
  "no-restricted-syntax": [
    "error",
    { selector: "AssignmentExpression[left.property.name=/^(inner|outer)HTML$/]", message: "Put text in by textContent; HTML only where the site has made it safe, and say so." },
    { selector: "ForInStatement", message: "Use for...of." },
  ],
  "no-self-compare": "error",
  "no-sequences": "error",
  "no-shadow": ["error", { builtinGlobals: false }],
  "no-throw-literal": "error",
  "no-unused-expressions": ["error", { allowShortCircuit: true, allowTernary: true }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-useless-rename": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
  "require-await": "error",
};

export default [
  { ignores: [".*/", "static/vendor/", "var/", "bench/results/"] }, // what is installed or made; .venv/ has scripts, too
  js.configs.recommended,
  { rules, linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["static/js/**", "question_types/**"], languageOptions: { globals: globals.browser } },
  { files: ["*.js", "static/*.mjs"], languageOptions: { globals: globals.node } },
];
