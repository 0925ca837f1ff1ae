'use strict';

/** Who commits, where a Project of Node-RED's is a git repository: variables of the environment. */
const GIT = {
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org'
};

module.exports = { GIT };
