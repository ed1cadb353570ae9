package tandemtest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
)

// maxDepth bounds the generated values of recursive types.
const maxDepth = 4

// generator makes values that a schema accepts, the same ones for one seed. A
// value is nil, bool, json.Number, string, []any or map[string]any.
type generator struct {
	rand *rand.Rand
	root *jsonSchema
}

// value returns a value that s accepts.
func (g *generator) value(s *jsonSchema, depth int) any {
	if s = s.resolve(g.root); s == nil {
		return map[string]any{}
	}
	switch {
	case s.Const != nil:
		return decodeJSON(s.Const)
	case len(s.Enum) > 0:
		return decodeJSON(s.Enum[g.rand.IntN(len(s.Enum))])
	case len(s.Examples) > 0 && g.rand.IntN(3) > 0:
		return decodeJSON(s.Examples[g.rand.IntN(len(s.Examples))])
	case len(s.OneOf) > 0:
		return g.value(s.OneOf[g.rand.IntN(len(s.OneOf))], depth)
	case len(s.AnyOf) > 0:
		return g.value(s.AnyOf[g.rand.IntN(len(s.AnyOf))], depth)
	}
	switch s.Type.first() {
	case "object":
		return g.object(s, depth)
	case "array":
		return g.array(s, depth)
	case "string":
		return g.text(s)
	case "integer":
		return g.number(s, true)
	case "number":
		return g.number(s, false)
	case "boolean":
		return g.rand.IntN(2) == 0
	case "":
		return map[string]any{"any": json.Number("1")}
	}
	return nil
}

func (g *generator) object(s *jsonSchema, depth int) any {
	v := map[string]any{}
	for _, name := range s.names() {
		required := slices.Contains(s.Required, name)
		if required || (depth < maxDepth && g.rand.IntN(2) == 0) {
			v[name] = g.value(s.Properties[name], depth+1)
		}
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.schema != nil {
		n := max(deref(s.MinProperties, 0), min(g.rand.IntN(3), deref(s.MaxProperties, 3)))
		for i := len(v); i < n; i++ {
			v[fmt.Sprintf("key%d", i)] = g.value(s.AdditionalProperties.schema, depth+1)
		}
	}
	return v
}

func (g *generator) array(s *jsonSchema, depth int) any {
	least, most := deref(s.MinItems, 0), deref(s.MaxItems, deref(s.MinItems, 0)+2)
	n := least
	if depth < maxDepth && most > least {
		n += g.rand.IntN(min(most-least, 3) + 1)
	}
	items := []any{}
	seen := map[string]bool{}
	for try := 0; len(items) < n && try < 20*n; try++ {
		item := g.value(s.Items, depth+1)
		key := string(encodeJSON(item))
		if s.UniqueItems && seen[key] {
			continue
		}
		seen[key] = true
		items = append(items, item)
	}
	return items
}

// text returns a string of the format, else of the pattern, else of letters.
func (g *generator) text(s *jsonSchema) any {
	if sample, ok := formatSamples[s.Format]; ok {
		return sample
	}
	if s.Pattern != "" {
		return g.matching(s.Pattern)
	}
	least := deref(s.MinLength, 0)
	n := least + g.rand.IntN(min(deref(s.MaxLength, least+12)-least, 12)+1)
	const letters = "abcdefghijklmnopqrstuvwxyz ABCÄÖß日本語🙂-_/%&?=+\"\\"
	pool := []rune(letters)
	var b strings.Builder
	for range n {
		b.WriteRune(pool[g.rand.IntN(len(pool))])
	}
	return b.String()
}

var formatSamples = map[string]string{
	"date-time":     "2026-07-28T12:34:56Z",
	"date":          "2026-07-28",
	"time":          "12:34:56Z",
	"duration":      "PT1H30M",
	"email":         "ada@example.com",
	"uri":           "https://example.com/a?b=c",
	"uri-reference": "/a?b=c",
	"uuid":          "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
	"ipv4":          "192.0.2.1",
	"ipv6":          "2001:db8::1",
	"hostname":      "example.com",
	"byte":          base64.StdEncoding.EncodeToString([]byte("tandem")),
}

// number returns a number within the bounds, mostly near one of them.
func (g *generator) number(s *jsonSchema, integer bool) any {
	low, high := bounds(s)
	span := new(big.Rat).Sub(high, low)
	offset := new(big.Rat).Mul(span, big.NewRat(int64(g.rand.IntN(1001)), 1000))
	v := new(big.Rat).Add(low, offset)
	step := big.NewRat(1, 4)
	if integer {
		step = big.NewRat(1, 1)
	}
	if s.MultipleOf != nil {
		step = rat(*s.MultipleOf)
	}
	v = roundUp(v, step)
	if v.Cmp(high) > 0 {
		v.Sub(v, step)
	}
	return numberOf(v)
}

// bounds returns inclusive bounds of the schema, near zero where it has none.
func bounds(s *jsonSchema) (low, high *big.Rat) {
	low, high = big.NewRat(-100, 1), big.NewRat(1000, 1)
	one := big.NewRat(1, 1)
	hasLow, hasHigh := true, true
	switch {
	case s.Minimum != nil:
		low = rat(*s.Minimum)
	case s.ExclusiveMinimum != nil:
		low = new(big.Rat).Add(rat(*s.ExclusiveMinimum), one)
	default:
		hasLow = false
	}
	switch {
	case s.Maximum != nil:
		high = rat(*s.Maximum)
	case s.ExclusiveMaximum != nil:
		high = new(big.Rat).Sub(rat(*s.ExclusiveMaximum), one)
	default:
		hasHigh = false
	}
	if hasLow && !hasHigh && high.Cmp(low) < 0 {
		high = new(big.Rat).Add(low, big.NewRat(1000, 1))
	}
	if hasHigh && !hasLow && low.Cmp(high) > 0 {
		low = new(big.Rat).Sub(high, big.NewRat(1000, 1))
	}
	return low, high
}

// roundUp returns the smallest multiple of step that is not below v.
func roundUp(v, step *big.Rat) *big.Rat {
	q := new(big.Rat).Quo(v, step)
	n, rest := new(big.Int).QuoRem(q.Num(), q.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(n), step)
}

func rat(n json.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return new(big.Rat)
	}
	return r
}

func numberOf(r *big.Rat) json.Number {
	if r.IsInt() {
		return json.Number(r.Num().String())
	}
	return json.Number(strings.TrimRight(r.FloatString(6), "0"))
}

func deref[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
