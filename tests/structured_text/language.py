"""The part of IEC 61131-3 Structured Text that docs/plc.md uses, translated to Python as it is read.

Types and names are looked up, so a variable that is not declared or a member that is not there is a KeyError; what
is not of this part of the language is a SyntaxError.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.structured_text.values import WIDTHS, Array, Record, Ton, copied, fit, negated, steps

TOKEN: Final = re.compile(
    r"\s+|\(\*.*?\*\)|(T\#\d+(?:ms|s)|16\#[0-9A-F]+|\d+|[A-Za-z_]\w*|:=|<>|<=|>=|\.\.|[-+*/=<>()\[\].,;:])",
    re.DOTALL,
)
LEVELS: Final = (
    {"OR": "|"},
    {"XOR": "^"},
    {"AND": "&"},
    {"=": "==", "<>": "!="},
    {"<": "<", ">": ">", "<=": "<=", ">=": ">="},
    {"+": "+", "-": "-"},
)
"""Operators from the loosest to the tightest, and their names in Python."""
SECTIONS: Final = ("VAR_INPUT", "VAR_IN_OUT", "VAR_OUTPUT", "VAR")
ELEMENTARY: Final = {*WIDTHS, "BOOL", "TIME"}

Kind = Any
"""The name of a type, ("ARRAY", first, last, kind) or ("STRUCT", {field: kind})."""


def translate(text: str) -> dict[str, Any]:
    """The functions and function blocks of the text, by name: blocks are called with a clock to make one."""
    reader = _Reader(text)
    names: dict[str, Any] = {
        "fit": fit, "negated": negated, "steps": steps, "copied": copied, "Record": Record,
        "SHL": lambda value, by: value << by, "SHR": lambda value, by: value >> by,
    }  # fmt: skip
    while reader.here:
        opening = reader.take()
        if opening == "TYPE":
            name = reader.take()
            reader.take(":")
            reader.types[name] = reader.kind()
            reader.take(";")
        elif opening == "FUNCTION":
            name, variables, body = reader.unit("END_FUNCTION")
            names[name] = _function(name, reader, variables, _compiled(name, body, names))
            continue
        elif opening == "FUNCTION_BLOCK":
            name, variables, body = reader.unit("END_FUNCTION_BLOCK")
            names[name] = _block(reader, variables, reader.retained, _compiled(name, body, names))
            continue
        else:
            raise SyntaxError(f"{opening!r} opens nothing")
        reader.take("END_TYPE")
    return names


def _compiled(name: str, body: list[str], names: dict[str, Any]) -> Callable[[Record], None]:
    exec(compile("\n".join([f"def {name}_body(self):", *body]), f"{name}.st", "exec"), names)  # noqa: S102 - our own document
    compiled: Callable[[Record], None] = names[f"{name}_body"]
    return compiled


def _function(name: str, reader: "_Reader", variables: Mapping[str, Kind], body: Callable[[Record], None]) -> Any:
    def call(**inputs: Any) -> Any:
        self = Record({name: reader.initial(kind, _no_clock) for name, kind in variables.items()} | inputs)
        body(self)
        return getattr(self, name)

    return call


def _block(reader: "_Reader", variables: Mapping[str, Kind], retained: set[str], body: Any) -> Any:
    class Block(Record):
        def __init__(self, clock: Callable[[], float], before: "Block | None" = None) -> None:
            """A block after a start of the program; what was retained comes from the block `before` it."""
            super().__init__({name: reader.initial(kind, clock) for name, kind in variables.items()})
            if before is not None:
                self.__dict__.update({name: copied(getattr(before, name)) for name in retained})

        def __call__(self, **inputs: Any) -> None:
            for name, value in inputs.items():
                assert name in variables, name
                setattr(self, name, value)
            body(self)

    return Block


def _no_clock() -> float:
    raise RuntimeError("a function has no timer")


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                raise SyntaxError(f"cannot read {text[at : at + 30]!r}")
            at = found.end()
            if found[1]:
                self._tokens.append(found[1])
        self.types: dict[str, Kind] = {}
        self.variables: dict[str, Kind] = {}
        self.retained: set[str] = set()

    @property
    def here(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def take(self, expected: str = "") -> str:
        token = self._tokens.pop(0)
        if expected and token != expected:
            raise SyntaxError(f"{token!r} where {expected!r} belongs, before {' '.join(self._tokens[:8])!r}")
        return token

    def takes(self, *tokens: str) -> bool:
        if self.here in tokens:
            self._tokens.pop(0)
            return True
        return False

    def kind(self) -> Kind:
        name = self.take()
        if name == "ARRAY":
            self.take("[")
            first = int(self.take())
            self.take("..")
            last = int(self.take())
            self.take("]")
            self.take("OF")
            return ("ARRAY", first, last, self.kind())
        if name == "STRUCT":
            return ("STRUCT", self.declarations("END_STRUCT"))
        return name if name in ELEMENTARY or name == "TON" else self.types[name]

    def declarations(self, end: str) -> dict[str, Kind]:
        declared: dict[str, Kind] = {}
        while not self.takes(end):
            name = self.take()
            self.take(":")
            declared[name] = self.kind()
            self.take(";")
        return declared

    def unit(self, end: str) -> tuple[str, Mapping[str, Kind], list[str]]:
        """A function or block: name, variables, and its body as lines of Python."""
        name = self.take()
        self.variables, self.retained = {}, set()
        if self.takes(":"):
            self.variables[name] = self.kind()
        while self.here in SECTIONS:
            self.take()
            retain = self.takes("RETAIN")
            declared = self.declarations("END_VAR")
            self.variables |= declared
            self.retained |= set(declared) if retain else set()
        body = self.statements(4, end)
        self.take(end)
        return name, dict(self.variables), body

    def initial(self, kind: Kind, clock: Callable[[], float]) -> Any:
        """What a variable of that kind holds at a start."""
        if kind == "TON":
            return Ton(clock)
        if isinstance(kind, str):
            return False if kind == "BOOL" else 0
        if kind[0] == "ARRAY":
            _, first, last, element = kind
            return Array(first, [self.initial(element, clock) for _ in range(first, last + 1)])
        return Record({name: self.initial(field, clock) for name, field in kind[1].items()})

    def statements(self, indent: int, *ends: str) -> list[str]:
        lines: list[str] = []
        while self.here not in ends and not (":label" in ends and self._at_label()):
            lines += self._statement(indent)
        return lines or [" " * indent + "pass"]

    def _statement(self, indent: int) -> list[str]:
        margin = " " * indent
        if self.takes("IF"):
            lines = [f"{margin}if {self.expression()}:"]
            self.take("THEN")
            lines += self.statements(indent + 4, "ELSIF", "ELSE", "END_IF")
            while self.takes("ELSIF"):
                lines.append(f"{margin}elif {self.expression()}:")
                self.take("THEN")
                lines += self.statements(indent + 4, "ELSIF", "ELSE", "END_IF")
            return lines + self._otherwise(indent, "END_IF")
        if self.takes("FOR"):
            counter, _ = self.place()
            self.take(":=")
            first = self.expression()
            self.take("TO")
            bounds = f"{first}, {self.expression()}"
            if self.takes("BY"):
                bounds += f", {self.expression()}"
            self.take("DO")
            lines = [f"{margin}for {counter} in steps({bounds}):", *self.statements(indent + 4, "END_FOR")]
            self.take("END_FOR")
            self.take(";")
            return lines
        if self.takes("CASE"):
            return self._case(indent)
        target, kind = self.place()
        if self.here == "(":
            lines = [f"{margin}{target}{self._arguments()}"]
        else:
            self.take(":=")
            value = self.expression()
            lines = [
                f"{margin}{target} = " + (f"fit({kind!r}, {value})" if kind in ELEMENTARY else f"copied({value})")
            ]
        self.take(";")
        return lines

    def _case(self, indent: int) -> list[str]:
        margin = " " * indent
        lines = [f"{margin}chosen = {self.expression()}"]
        self.take("OF")
        word = "if"
        while self._at_label():
            labels = [self.take()]
            while self.takes(","):
                labels.append(self.take())
            self.take(":")
            lines.append(f"{margin}{word} chosen in ({', '.join(labels)},):")
            lines += self.statements(indent + 4, ":label", "ELSE", "END_CASE")
            word = "elif"
        return lines + self._otherwise(indent, "END_CASE")

    def _otherwise(self, indent: int, end: str) -> list[str]:
        lines: list[str] = []
        if self.takes("ELSE"):
            lines = [f"{' ' * indent}else:", *self.statements(indent + 4, end)]
        self.take(end)
        self.take(";")
        return lines

    def _at_label(self) -> bool:
        return self.here.isdigit()

    def place(self) -> tuple[str, Kind]:
        """A variable, an element or a member: as Python, and of which kind."""
        name = self.take()
        code, kind = f"self.{name}", self.variables[name]
        while self.here in {"[", "."}:
            if self.take() == "[":
                code, kind = f"{code}[{self.expression()}]", kind[3]
                self.take("]")
            elif kind == "TON":
                code, kind = f"{code}.{self.take('Q')}", "BOOL"
            else:
                member = self.take()
                code, kind = f"{code}.{member}", kind[1][member]
        return code, kind

    def expression(self, level: int = 0) -> str:
        if level == len(LEVELS):
            return self._operand()
        code = self.expression(level + 1)
        while self.here in LEVELS[level]:
            code = f"({code} {LEVELS[level][self.take()]} {self.expression(level + 1)})"
        return code

    def _operand(self) -> str:
        if self.takes("NOT"):
            return f"negated({self._operand()})"
        if self.takes("-"):
            return f"-{self._operand()}"
        if self.takes("("):
            code = self.expression()
            self.take(")")
            return f"({code})"
        if self.here in self.variables:
            return self.place()[0]
        if self._tokens[1] != "(":
            return self._literal(self.take())
        name = self.take()
        converted = re.fullmatch(r"[A-Z]+_TO_([A-Z]+)", name)
        arguments = self._arguments()
        return f"fit({converted[1]!r}, {arguments[1:-1]})" if converted else f"{name}{arguments}"

    @staticmethod
    def _literal(token: str) -> str:
        if token in {"TRUE", "FALSE"}:
            return token.title()
        if token.startswith("16#"):
            return f"0x{token[3:]}"
        if token.startswith("T#"):
            return f"{int(token[2:].rstrip('ms')) / (1000 if token.endswith('ms') else 1)}"
        return str(int(token))

    def _arguments(self) -> str:
        self.take("(")
        arguments: list[str] = []
        while not self.takes(")"):
            named = f"{self.take()}=" if self._tokens[1] == ":=" else ""
            if named:
                self.take(":=")
            arguments.append(named + self.expression())
            self.takes(",")
        return f"({', '.join(arguments)})"
