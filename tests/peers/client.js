// A client that is none of ours: reads and writes the contract's registers of a PLC over TCP through modbus-serial.
// Usage: node client.js PORT. Prints one JSON object with what each step showed.
"use strict";

const ModbusRTU = require("modbus-serial");
const { COMMAND, ORDER, checkWord, pair, uint32, serialWords, serialOf, floatOf } = require("./contract.js");

const client = new ModbusRTU();
let beat = 0;

async function status() {
  const { data } = await client.readHoldingRegisters(0, 52);
  return {
    contract: data[0], version: data[1], probe: uint32(data, 2), boot: data[4], sequence: uint32(data, 6),
    serial: serialOf(data.slice(8, 16)), present: Boolean(data[16] & 1), ready: Boolean(data[16] & 2),
    answered: [uint32(data, 17), data[19]], order: [uint32(data, 20), data[22]], held: data[23],
    passed: uint32(data, 24), reserved: data.slice(26, 32), reading: floatOf(data, 32), parameter: data[48],
  };
}

async function until(condition) {
  for (let tries = 0; tries < 200; tries += 1) {
    const now = await status();
    if (condition(now)) return now;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
  throw new Error(`waited in vain for ${condition}; the status is ${JSON.stringify(await status())}`);
}

async function verdict(part, code, reason, damage = 0) {
  beat += 1;
  const body = [...pair(part.sequence), ...serialWords(part.serial), code, reason];
  await client.writeRegisters(COMMAND, [beat, ...body, checkWord(body) ^ damage]);
  return until((now) => now.answered[0] === part.sequence);
}

async function order(sequence, code, target, value) {
  const body = [...pair(sequence), code, ...pair(target), ...pair(value)];
  await client.writeRegisters(ORDER, [...body, checkWord(body)]);
  return until((now) => now.order[0] === sequence);
}

async function main() {
  await client.connectTCP("127.0.0.1", { port: Number(process.argv[2]) });
  client.setID(1);
  client.setTimeout(1000);
  const said = {};
  said.first = await until((now) => now.ready);
  said.damaged = await verdict(said.first, 1, 0, 1);
  said.pass = await verdict(said.first, 1, 0);
  said.second = await until((now) => now.ready && now.sequence === 2);
  said.wrongSerial = await verdict({ sequence: 2, serial: "XX-1" }, 1, 0);
  said.hold = await verdict(said.second, 3, 5);
  said.held = await until((now) => now.held === 1);
  said.parameter = await order(1, 5, 1, -120);
  said.outOfRange = await order(2, 5, 1, 9999);
  said.release = await order(3, 3, 2, 0);
  said.released = await until((now) => now.held === 0);
  said.notHeld = await order(4, 3, 2, 0);
  said.refusal = await client.readCoils(0, 1).then(() => null, (error) => error.modbusCode);
  process.stdout.write(`${JSON.stringify(said)}\n`);
  client.close(() => process.exit(0));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
