// What a peer needs of docs/plc.md: where things stand, and the check word. Written from that document alone.
"use strict";

const COMMAND = 200;
const ORDER = 220;

function checkWord(words) {
  let crc = 0xffff;
  for (const word of words) {
    for (const byte of [word >> 8, word & 0xff]) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit += 1) {
        crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
      }
    }
  }
  return crc;
}

const pair = (value) => [(value >>> 16) & 0xffff, value & 0xffff];
const uint32 = (words, at) => words[at] * 0x10000 + words[at + 1];

function serialWords(serial) {
  const bytes = Buffer.alloc(16);
  bytes.write(serial, "ascii");
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i));
}

function serialOf(words) {
  const bytes = Buffer.alloc(2 * words.length);
  words.forEach((word, i) => bytes.writeUInt16BE(word, 2 * i));
  return bytes.toString("ascii").replace(/\0+$/, "");
}

function floatWords(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value);
  return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
}

function floatOf(words, at) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(words[at], 0);
  bytes.writeUInt16BE(words[at + 1], 2);
  return bytes.readFloatBE(0);
}

module.exports = { COMMAND, ORDER, checkWord, pair, uint32, serialWords, serialOf, floatWords, floatOf };
