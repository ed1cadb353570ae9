package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// generator makes JSON documents from an emitted schema, never from the plan that Decode follows: what it knows is what a
// client knows.
type generator struct {
	rnd   *rand.Rand
	defs  map[string]any
	wrong float64 // how likely a value is of no particular schema, or a property is missing or unknown
	noise float64 // how likely a value is of the right type, but looks at nothing else

	chances int // to go wrong so far
	fault   int // the chance to take in any case, counting from 1
}

func newGenerator(schema []byte, seed uint64, wrong, noise float64) (*generator, map[string]any) {
	dec := json.NewDecoder(bytes.NewReader(schema))
	dec.UseNumber()
	var doc map[string]any
	if err := dec.Decode(&doc); err != nil {
		panic(err)
	}
	defs, _ := doc["$defs"].(map[string]any)
	return &generator{rnd: rand.New(rand.NewPCG(seed, seed)), defs: defs, wrong: wrong, noise: noise}, doc
}

func (g *generator) pick(values ...string) string { return values[g.rnd.IntN(len(values))] }

func (g *generator) chance(p float64) bool { return g.rnd.Float64() < p }

// slip says whether to go wrong here.
func (g *generator) slip(p float64) bool {
	g.chances++
	return g.chances == g.fault || g.chance(p)
}

// value makes a value for s, mostly valid unless wrong is high.
func (g *generator) value(s map[string]any, depth int) string {
	if g.slip(g.wrong) {
		return g.anything(depth)
	}
	if ref, ok := s["$ref"].(string); ok {
		return g.value(g.defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any), depth)
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if some, ok := s[key].([]any); ok {
			i := g.rnd.IntN(len(some))
			if depth > 4 {
				i = len(some) - 1
			}
			return g.value(some[i].(map[string]any), depth+1)
		}
	}
	if c, ok := s["const"]; ok {
		return text1(c)
	}
	if values, ok := s["enum"].([]any); ok {
		return text1(values[g.rnd.IntN(len(values))])
	}
	return g.typed(s, g.typeOf(s), depth)
}

func text1(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func (g *generator) typeOf(s map[string]any) string {
	switch t := s["type"].(type) {
	case string:
		return t
	case []any:
		return t[g.rnd.IntN(len(t))].(string)
	}
	return ""
}

func (g *generator) typed(s map[string]any, typ string, depth int) string {
	switch typ {
	case "string":
		return g.str(s)
	case "integer":
		return g.integer(s)
	case "number":
		return g.number(s)
	case "boolean":
		return g.pick("true", "false")
	case "null":
		return "null"
	case "array":
		return g.array(s, depth)
	case "object":
		return g.object(s, depth)
	}
	return g.anything(depth)
}

// samples are strings that some rule or other cares about.
var samples = []string{
	``, `a`, `b`, `abc`, `ab`, `cab`, `abcd`, `abcde`, `x`, `é😀`, `日本語`, `\u00e9`, `\ud83d\ude00`, `\n`, `\"`, `\\`, `1234`, `12345678`, `null`, `0`,
	`2026-01-31T12:00:00Z`, `2026-02-30T12:00:00Z`, `2026-01-31t12:00:00.123456789123z`, `2016-12-31T23:59:60Z`, `2016-12-31T22:59:60Z`, `2026-01-31T12:00:00+05:30`,
	`2026-01-31T12:00:00`, `2026-01-31`, `2026-2-3`, `12:00:00Z`, `24:00:00Z`, `12:00:00.5-01:00`, `12:00:00,5Z`, `P1D`, `P1Y2M3DT4H5M6S`, `P1Y2D`, `PT`, `P2W`, `P`, `P1W2D`,
	`ada@example.com`, `a..b@example.com`, `\"a b\"@example.com`, `a@[127.0.0.1]`, `a@[IPv6:::1]`, `@x`, `a@-b`, `www.example.com`, `a_b`, `example.`, `-a`,
	`192.0.2.1`, `256.0.0.1`, `01.2.3.4`, `2001:db8::1`, `::`, `::ffff:1.2.3.4`, `fe80::1%eth0`, `1:2:3`, `192.0.2.1:80`, `[::1]:80`, `192.0.2.0/24`, `::/0`, `192.0.2.0/33`,
	`https://example.com/a?b#c`, `/a/b`, `a b`, `http://a b`, `mailto:a@b`, `http://[::1]/`, `http://[x]/`, `%zz`, `//h/p`, `#f`, `urn:x:y`, `http://a%41/`, `1:a`, `^`,
	`123e4567-e89b-12d3-a456-426614174000`, `123E4567-E89B-12D3-A456-426614174000`, `123e4567e89b12d3a456426614174000`,
	`1m30s`, `-1.5h`, `1d`, `s`, `.5s`, `5.s`, `+0`, `1µs`, `9999999999999h`, `2562047h47m16.854775807s`, `2562047h47m16.854775808s`, `aGVsbG8=`, `aGVsbG8`, `aGVsbG9=`, `====`,
	`red`, `green`, `blue`, `sale`, `damage`, `restock`, `SALE`, `card`, `bank_transfer`, `later`, `-0`, `007`, `127`, `128`, `-128`, `-129`, `9223372036854775808`, `9223372036854775807`,
}

func (g *generator) str(s map[string]any) string {
	if g.slip(g.noise) {
		return `"` + samples[g.rnd.IntN(len(samples))] + `"`
	}
	fitting := map[string][]string{
		"date-time": {`2026-01-31T12:00:00Z`, `2016-12-31T23:59:60Z`, `0000-01-01T00:00:00-23:59`}, "date": {`2024-02-29`}, "time": {`12:00:00Z`},
		"duration": {`P1DT2H`, `PT1M`, `P3W`}, "email": {`ada@example.com`}, "hostname": {`a.b-c.d`}, "ipv4": {`192.0.2.1`}, "ipv6": {`::1`}, "uri": {`https://a/b?c#d`, `urn:a`},
		"uri-reference": {`../a`, ``}, "uuid": {`123e4567-e89b-12d3-a456-426614174000`}, "go-duration": {`1m30s`, `0`, `-2562047h47m16.854775808s`},
		"ip": {`::1`, `1.2.3.4`}, "ip-port": {`1.2.3.4:5`}, "ip-prefix": {`1.2.3.4/5`},
	}
	if format, ok := s["format"].(string); ok && fitting[format] != nil {
		return `"` + g.pick(fitting[format]...) + `"`
	}
	if s["contentEncoding"] != nil {
		return `"` + g.pick(``, `aGVsbG8=`, `AA==`, `aGVsbG8gd29y`) + `"`
	}
	if pattern, ok := s["pattern"].(string); ok {
		return `"` + map[string]string{"^[a-c]+$": "abc", "b": "xbx", "^[0-9]{4,19}$": "12345"}[pattern] + `"`
	}
	least, most := g.bounds(s, "minLength", "maxLength")
	n := least + g.rnd.IntN(most-least+1)
	var b strings.Builder
	for range n {
		b.WriteString(g.pick("a", "b", "é", "😀", `\u0041`, `\ud83d\ude00`, `\n`, " "))
	}
	return `"` + b.String() + `"`
}

// bounds reads two counts, with a small default.
func (g *generator) bounds(s map[string]any, minKey, maxKey string) (least, most int) {
	if n, ok := s[minKey].(json.Number); ok {
		least, _ = strconv.Atoi(n.String())
	}
	most = least + 3
	if n, ok := s[maxKey].(json.Number); ok {
		most, _ = strconv.Atoi(n.String())
	}
	return least, most
}

// integers and numbers are near some limit or other.
var (
	integers = []string{
		"-9223372036854775808", "-9223372036854775809", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-1", "1.5",
		"1e2", "1e-1", "127", "128", "-129", "32768", "2147483648", "1e30", "100000000000000000000000000", "9007199254740993", "250", "251", "-3", "9", "0", "-0",
		"3.0", "0.3e1", "300e-2", "30", "1", "2", "5", "6", "7",
	}
	numbers = []string{
		"0.0999999999999999999999", "0.1", "1000.0000000000000000001", "1e3", "1e400", "-1e400", "3.5e38", "1e-400", "0.015", "1.10", "1e2", "-5", "-5.00001",
		"0.1e1", "123456789012345678901234567890.12", "-0", "-0.0", "0e5", "1.7976931348623157e308", "1.7976931348623159e308", "3.4028235e38", "3.4028236e38",
		"0.5", "1", "100", "2.5", "5e0", "0.10", "12.34", "999.99",
	}
)

func (g *generator) integer(s map[string]any) string { return g.bounded(s, integers) }

func (g *generator) number(s map[string]any) string { return g.bounded(s, numbers) }

// bounded picks one of choices, or a limit of s, that s accepts.
func (g *generator) bounded(s map[string]any, choices []string) string {
	for _, key := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"} {
		if n, ok := s[key].(json.Number); ok {
			choices = append(choices[:len(choices):len(choices)], n.String(), n.String())
		}
	}
	for range 200 {
		choice := choices[g.rnd.IntN(len(choices))]
		if g.slip(g.noise) || satisfies(s, choice) {
			return choice
		}
	}
	return choices[0]
}

// satisfies says whether the number n satisfies s. It computes by big.Rat, as Decode does not.
func satisfies(s map[string]any, n string) bool {
	x, _ := new(big.Rat).SetString(n)
	limit := func(key string) *big.Rat {
		text, ok := s[key].(json.Number)
		if !ok {
			return nil
		}
		r, _ := new(big.Rat).SetString(text.String())
		return r
	}
	minimum, maximum, above, below, multiple := limit("minimum"), limit("maximum"), limit("exclusiveMinimum"), limit("exclusiveMaximum"), limit("multipleOf")
	switch {
	case minimum != nil && x.Cmp(minimum) < 0, maximum != nil && x.Cmp(maximum) > 0,
		above != nil && x.Cmp(above) <= 0, below != nil && x.Cmp(below) >= 0,
		multiple != nil && !new(big.Rat).Quo(x, multiple).IsInt(),
		s["type"] == "integer" && !x.IsInt():
		return false
	}
	if format, ok := s["format"].(string); ok && (format == "double" || format == "float") {
		return floatRange(map[string]int{"double": 64, "float": 32}[format])(json.Number(n)) == nil
	}
	return true
}

func (g *generator) array(s map[string]any, depth int) string {
	least, most := g.bounds(s, "minItems", "maxItems")
	if g.slip(g.noise / 4) {
		most++
	}
	if depth > 4 {
		most = least
	}
	n := least + g.rnd.IntN(most-least+1)
	items := make([]string, 0, n)
	for i := range n {
		items = append(items, g.value(g.itemSchema(s, i), depth+1))
	}
	if s["uniqueItems"] == true && !g.slip(g.noise/2) {
		slices.Sort(items)
		items = slices.Compact(items)
	}
	return "[" + strings.Join(items, g.pick(",", " , ", ",\n")) + "]"
}

func (g *generator) itemSchema(s map[string]any, i int) map[string]any {
	if prefix, ok := s["prefixItems"].([]any); ok && i < len(prefix) {
		return prefix[i].(map[string]any)
	}
	items, _ := s["items"].(map[string]any)
	return items
}

func (g *generator) object(s map[string]any, depth int) string {
	var members []string
	add := func(name, value string) { members = append(members, name+g.pick(":", " : ")+value) }
	required := map[string]bool{}
	for _, name := range list(s["required"]) {
		required[name.(string)] = true
	}
	properties, _ := s["properties"].(map[string]any)
	for _, name := range sortedKeys(properties) {
		switch {
		case required[name] && g.slip(g.wrong/2):
		case required[name], g.chance(0.5) && depth < 6:
			add(text1(name), g.value(properties[name].(map[string]any), depth+1))
		}
	}
	if more, ok := s["additionalProperties"].(map[string]any); ok && depth < 6 {
		least, most := g.bounds(s, "minProperties", "maxProperties")
		names, _ := s["propertyNames"].(map[string]any)
		for i := range least + g.rnd.IntN(most-least+1) {
			add(g.key(names, i), g.value(more, depth+1))
		}
	}
	if g.slip(g.wrong / 2) {
		add(g.pick(`"extra"`, `"Name"`, `"typ"`, `""`, `"id"`, `"secret"`), g.anything(depth+1))
	}
	g.rnd.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + "}"
}

// key makes the i-th property name of a map.
func (g *generator) key(names map[string]any, i int) string {
	switch {
	case g.slip(g.noise / 2):
		return `"` + samples[g.rnd.IntN(len(samples))] + `"`
	case names == nil:
		return fmt.Sprintf(`"k%d"`, i)
	case names["enum"] != nil:
		all := list(names["enum"])
		return text1(all[i%len(all)])
	case names["format"] == "uuid":
		return fmt.Sprintf(`"123e4567-e89b-12d3-a456-42661417400%d"`, i)
	}
	return fmt.Sprintf(`"%d"`, i*40)
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// anything makes a value of no particular schema.
func (g *generator) anything(depth int) string {
	n := 9
	if depth > 5 {
		n = 6
	}
	switch g.rnd.IntN(n) {
	case 0:
		return "null"
	case 1:
		return g.pick("true", "false")
	case 2:
		return g.integer(nil)
	case 3:
		return g.number(nil)
	case 4, 5:
		return `"` + samples[g.rnd.IntN(len(samples))] + `"`
	case 6:
		return "[" + g.anything(depth+1) + "," + g.anything(depth+1) + "]"
	case 7:
		return `{"a":` + g.anything(depth+1) + `,"type":` + g.pick(`"card"`, `"later"`, `"x"`, "1") + "}"
	}
	return g.pick("{}", "[]", `{"type":"later"}`)
}
