// A small PLC that keeps docs/plc.md, served by modbus-serial: over TCP (a port) or RTU (a serial line's path).
// One part after the other enters; the next as soon as the station is free. Usage: node plc.js PORT | node plc.js PATH
"use strict";

const { ServerTCP, ServerSerial } = require("modbus-serial");
const { COMMAND, ORDER, checkWord, pair, uint32, serialWords, serialOf, floatWords } = require("./contract.js");

const PARAMETERS = 48;
const WATCHDOG_MS = 2000;
const registers = new Array(256).fill(0);
const lane = [];
let station = null;
let permitted = false;
let orderWaits = false;
let made = 0;
let lastPassed = 0;
let answered = [0, 0];
let lastOrder = [0, 0];
let shownOrder = [0, 0];
let stopped = false;
const parameters = [0, 0, 0, 0];
let beats = 0;
let beatSeen = Date.now();
let command = [];

const tripped = () => Date.now() - beatSeen >= WATCHDOG_MS;

function enter() {
  if (station === null && !stopped) {
    made += 1;
    station = { sequence: made, serial: `NJ-${String(made).padStart(6, "0")}` };
  }
}

// The gate opens for what is permitted, unless the watchdog has tripped.
function serve() {
  if (station !== null && permitted && !tripped()) {
    lastPassed = station.sequence;
    station = null;
    permitted = false;
  }
}

function show() {
  serve();
  enter();
  const bits = [station !== null, station !== null, true, stopped, tripped(), false];
  const part = station ?? { sequence: made, serial: "" };
  const status = [
    0x4a44, 1, ...pair(0x01020304), 3, beats, ...pair(part.sequence), ...serialWords(part.serial),
    bits.reduce((word, bit, i) => word | (bit ? 1 << i : 0), 0),
    ...pair(answered[0]), answered[1], ...pair(shownOrder[0]), shownOrder[1], lane.length, ...pair(lastPassed),
    0, 0, 0, 0, 0, 0, ...floatWords(10 + part.sequence / 8),
  ];
  status.forEach((word, i) => { registers[i] = word; });
  parameters.forEach((value, i) => { registers[PARAMETERS + i] = value & 0xffff; });
}

function named(part, sequence, serial) {
  return part !== null && part.sequence === sequence && part.serial === serial;
}

function obey(sequence, serial, verdict) {
  if (named(station, sequence, serial)) {
    permitted = verdict === 1;
    if (!permitted) {
      lane.push(station);
      station = null;
    }
    return 1;
  }
  if (lane.some((part) => named(part, sequence, serial))) return verdict === 1 ? 19 : 1;
  if (station !== null && station.sequence === sequence) return 17;
  if (station !== null && station.serial === serial) return 16;
  return 19;
}

function readCommand() {
  const block = registers.slice(COMMAND, COMMAND + 14);
  if (block[0] !== command[0]) {
    beatSeen = Date.now();
    if (orderWaits) readOrder();
  }
  const changed = command.length > 0 && block.slice(1).some((word, i) => word !== command[i + 1]);
  command = block;
  if (!changed) return;
  const sequence = uint32(block, 1);
  const valid = checkWord(block.slice(1, 13)) === block[13] && [1, 2, 3].includes(block[11]);
  answered = [sequence, valid ? obey(sequence, serialOf(block.slice(3, 11)), block[11]) : 18];
}

function carryOut(code, target, value) {
  const at = lane.findIndex((part) => part.sequence === target);
  switch (code) {
    case 1: case 2:
      stopped = code === 1;
      return 1;
    case 3: case 4:
      if (at < 0) return 21;
      if (code === 3) lastPassed = target;
      lane.splice(at, 1);
      return 1;
    case 5:
      if (target < 1 || target > parameters.length) return 19;
      if (Math.abs(value) > 500) return 20;
      parameters[target - 1] = value;
      return 1;
    default:
      return 18;
  }
}

function readOrder() {
  const block = registers.slice(ORDER, ORDER + 8);
  const sequence = uint32(block, 0);
  if (checkWord(block.slice(0, 7)) !== block[7]) {
    shownOrder = [lastOrder[0], 16];
  } else if (sequence < lastOrder[0]) {
    shownOrder = [sequence, 17];
  } else {
    orderWaits = sequence > lastOrder[0] && block[2] === 3 && tripped();
    if (orderWaits) return;
    if (sequence > lastOrder[0]) lastOrder = [sequence, carryOut(block[2], uint32(block, 3), uint32(block, 5) | 0)];
    shownOrder = lastOrder;
  }
}

const vector = {
  getHoldingRegister: (address) => { show(); return registers[address]; },
  getMultipleHoldingRegisters: (address, length) => { show(); return registers.slice(address, address + length); },
  setRegister: (address, value) => vector.setRegisterArray(address, [value]),
  setRegisterArray: (address, values) => {
    values.forEach((word, i) => { registers[address + i] = word; });
    if (address >= ORDER) readOrder(); else readCommand();
  },
};

command = registers.slice(COMMAND, COMMAND + 14);
setInterval(() => { beats = (beats + 1) & 0xffff; }, 100);
const where = process.argv[2];
const server = /^\d+$/.test(where)
  ? new ServerTCP(vector, { host: "127.0.0.1", port: Number(where), unitID: 1 })
  : new ServerSerial(vector, { path: where, baudRate: 115200, unitID: 1 });
server.on("initialized", () => process.stdout.write("ready\n"));
for (const trouble of ["serverError", "socketError", "error"]) {
  server.on(trouble, (error) => process.stderr.write(`${trouble}: ${error}\n`));
}
