/* A small PLC that keeps docs/plc.md, served by libmodbus over TCP. One part after the other enters; the next as
 * soon as the station is free. Usage: plc PORT. One client at a time, as many a real PLC. */
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REGISTERS = 256, PARAMETERS = 48, COMMAND = 200, ORDER = 220, PLACES = 64, SERIAL_WORDS = 8, AXES = 4 };
static const double WATCHDOG_S = 2.0;

struct part {
    uint32_t sequence;
    uint16_t serial[SERIAL_WORDS];
};

static uint16_t *registers;
static uint16_t command[14];
static struct part station, lane[PLACES];
static int present, permitted, held, stopped, order_waits;
static uint32_t made, last_passed, answered, order_done, order_shown;
static uint16_t answer, result_done, result_shown;
static double beat_seen;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int tripped(void) { return now() - beat_seen >= WATCHDOG_S; }

static uint32_t uint32_at(const uint16_t *words) { return (uint32_t)words[0] << 16 | words[1]; }

static void put32(uint16_t *words, uint32_t value) {
    words[0] = value >> 16;
    words[1] = value & 0xFFFF;
}

static uint16_t check_word(const uint16_t *words, int count) {
    uint16_t crc = 0xFFFF;
    for (int i = 0; i < 2 * count; i++) {
        crc ^= i % 2 ? words[i / 2] & 0xFF : words[i / 2] >> 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    return crc;
}

static int named(const struct part *part, uint32_t sequence, const uint16_t *serial) {
    return part->sequence == sequence && !memcmp(part->serial, serial, sizeof part->serial);
}

static void enter(void) {
    char name[2 * SERIAL_WORDS + 1] = "";
    if (present || stopped)
        return;
    station.sequence = ++made;
    snprintf(name, sizeof name, "LM-%06u", (unsigned)made);
    for (int i = 0; i < SERIAL_WORDS; i++)
        station.serial[i] = (uint8_t)name[2 * i] << 8 | (uint8_t)name[2 * i + 1];
    present = 1;
}

/* The gate opens for what is permitted, unless the watchdog has tripped. */
static void serve(void) {
    if (present && permitted && !tripped()) {
        last_passed = station.sequence;
        present = permitted = 0;
    }
}

static void show(void) {
    uint32_t reading;
    float value;
    serve();
    enter();
    value = 10 + station.sequence / 8.0f;
    memcpy(&reading, &value, sizeof reading);
    registers[0] = 0x4A44;
    registers[1] = 1;
    put32(registers + 2, 0x01020304);
    registers[4] = 3;
    registers[5] = (uint16_t)(now() * 10);
    put32(registers + 6, station.sequence);
    memcpy(registers + 8, station.serial, sizeof station.serial);
    registers[16] = present | present << 1 | 1 << 2 | stopped << 3 | tripped() << 4;
    put32(registers + 17, answered);
    registers[19] = answer;
    put32(registers + 20, order_shown);
    registers[22] = result_shown;
    registers[23] = held;
    put32(registers + 24, last_passed);
    put32(registers + 32, reading);
}

static uint16_t obey(uint32_t sequence, const uint16_t *serial, int verdict) {
    if (present && named(&station, sequence, serial)) {
        permitted = verdict == 1;
        if (!permitted) {
            lane[held++] = station;
            present = 0;
        }
        return 1;
    }
    for (int i = 0; i < held; i++)
        if (named(&lane[i], sequence, serial))
            return verdict == 1 ? 19 : 1;
    if (present && station.sequence == sequence)
        return 17;
    if (present && !memcmp(station.serial, serial, sizeof station.serial))
        return 16;
    return 19;
}

static uint16_t carry_out(int code, uint32_t target, int32_t value) {
    switch (code) {
    case 1:
    case 2:
        stopped = code == 1;
        return 1;
    case 3:
    case 4:
        for (int i = 0; i < held; i++)
            if (lane[i].sequence == target) {
                lane[i] = lane[--held];
                if (code == 3)
                    last_passed = target;
                return 1;
            }
        return 21;
    case 5:
        if (target < 1 || target > AXES)
            return 19;
        if (value < -500 || value > 500)
            return 20;
        registers[PARAMETERS + target - 1] = (uint16_t)value;
        return 1;
    default:
        return 18;
    }
}

static void read_order(void) {
    const uint16_t *block = registers + ORDER;
    uint32_t sequence = uint32_at(block);
    if (check_word(block, 7) != block[7]) {
        order_shown = order_done;
        result_shown = 16;
        return;
    }
    if (sequence < order_done) {
        order_shown = sequence;
        result_shown = 17;
        return;
    }
    order_waits = sequence > order_done && block[2] == 3 && tripped();
    if (order_waits)
        return;
    if (sequence > order_done) {
        order_done = sequence;
        result_done = carry_out(block[2], uint32_at(block + 3), (int32_t)uint32_at(block + 5));
    }
    order_shown = order_done;
    result_shown = result_done;
}

static void read_command(void) {
    const uint16_t *block = registers + COMMAND;
    int valid = check_word(block + 1, 12) == block[13] && block[11] >= 1 && block[11] <= 3;
    if (block[0] != command[0]) {
        beat_seen = now();
        if (order_waits)
            read_order();
    }
    if (memcmp(block + 1, command + 1, sizeof command - sizeof *command)) {
        answered = uint32_at(block + 1);
        answer = valid ? obey(answered, block + 3, block[11]) : 18;
    }
    memcpy(command, block, sizeof command);
}

int main(int argc, char **argv) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_t *server = modbus_new_tcp("127.0.0.1", argc > 1 ? atoi(argv[1]) : 1502);
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, REGISTERS, 0);
    int listener = server ? modbus_tcp_listen(server, 1) : -1;
    if (!mapping || listener < 0) {
        fprintf(stderr, "%s\n", modbus_strerror(errno));
        return 1;
    }
    registers = mapping->tab_registers;
    puts("ready");
    fflush(stdout);
    while (modbus_tcp_accept(server, &listener) >= 0) {
        int length;
        while ((length = modbus_receive(server, query)) >= 0) {
            int function = query[7], address = query[8] << 8 | query[9];
            if (length == 0)
                continue;
            show();
            if (modbus_reply(server, query, length, mapping) < 0)
                break;
            if (function == 16 && address >= ORDER)
                read_order();
            else if (function == 16 || function == 6)
                read_command();
        }
        modbus_close(server);
    }
    return 0;
}
