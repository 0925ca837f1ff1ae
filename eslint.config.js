'use strict';

const js = require('@eslint/js');
const globals = require('globals');
const node = require('eslint-plugin-n');

module.exports = [
  { ignores: ['node_modules/', 'target/', '.cache/', 'dist/', 'binaries/', 'binding.js', '**/*.ts'] },
  js.configs.recommended,
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      ecmaVersion: 2022,
      sourceType: 'commonjs',
      globals: globals.node
    },
    plugins: { n: node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          caughtErrors: 'all',
          caughtErrorsIgnorePattern: '^_'
        }
      ],
      'n/prefer-node-protocol': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global']
    }
  },
  {
    // What runs in Node-RED's editor.
    files: ['resources/**/*.mjs'],
    languageOptions: {
      sourceType: 'module',
      globals: { ...globals.browser, $: 'readonly', RED: 'readonly' }
    },
    rules: { strict: ['error', 'never'] }
  },
  {
    // What runs inside Node-RED must leave the end of the process to Node-RED.
    files: ['index.js', 'context.js', 'bin/**/*.js', 'lib/**/*.js', 'nodes/**/*.js', 'plugin/**/*.js'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name=/^(exit|reallyExit|abort)$/]",
          message: 'Node-RED ends its own process; reject or set process.exitCode instead.'
        }
      ]
    }
  }
];
