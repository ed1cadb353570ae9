package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// oracle compiles an emitted schema by an independent validator.
func oracle(t testing.TB, schema []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatalf("schema is no JSON: %v\n%s", err, schema)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.AssertContent()
	// The oracle reads \s and . as RE2 does, which ECMA-262 does not.
	c.UseRegexpEngine(ecmaEngine)
	// The oracle's base64 skips line breaks, which RFC 4648 section 3.3 forbids, and stray bits.
	c.RegisterContentEncoding(&jsonschema.Decoder{Name: "base64", Decode: oracleBase64})
	for _, f := range oracleFormats() {
		c.RegisterFormat(f)
	}
	if err := c.AddResource("test:schema", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("test:schema")
	if err != nil {
		t.Fatalf("the oracle refuses the schema: %v\n%s", err, schema)
	}
	return compiled
}

func oracleBase64(s string) ([]byte, error) {
	value, ok := decodeBase64([]byte(s))
	if !ok {
		return nil, fmt.Errorf("no base64")
	}
	return value, nil
}

// oracleFormats are the formats that the oracle does not know, and those on which it differs from the RFCs:
//   - time and date-time: it reads the digits by strconv.Atoi, so that +1:00:00Z passes (RFC 3339 has 2DIGIT);
//   - ipv4: likewise, +1.2.3.4 passes;
//   - duration: units may be skipped (P1Y2D), against RFC 3339 appendix A;
//   - email: anything passes within a quoted local part but quoted pairs, which RFC 5321 has, and no local part at all;
//   - hostname: a trailing dot passes, against RFC 1123;
//   - uri and uri-reference: whatever net/url parses passes, such as spaces, against RFC 3986.
//
// The tests in format_test.go check these against the RFCs instead.
func oracleFormats() []*jsonschema.Format {
	ours := []string{"time", "date-time", "ipv4", "duration", "email", "hostname", "uri", "uri-reference", goDuration, ipAddress, ipPort, ipPrefix}
	var all []*jsonschema.Format
	for _, f := range slices.Concat(stringFormats, typeFormats) {
		if slices.Contains(ours, f.name) {
			all = append(all, &jsonschema.Format{Name: f.name, Validate: f.validate})
		}
	}
	// double and float are OpenAPI's formats of numbers: those within the range of IEEE 754.
	return append(all,
		&jsonschema.Format{Name: "double", Validate: floatRange(64)},
		&jsonschema.Format{Name: "float", Validate: floatRange(32)})
}

func floatRange(bits int) func(any) error {
	return func(v any) error {
		n, ok := v.(json.Number)
		if !ok {
			return nil
		}
		if bits == 32 {
			var f float32
			return json.Unmarshal([]byte(n), &f)
		}
		_, err := n.Float64()
		return err
	}
}

// comparable says whether doc is for the schema to judge: what Decode refuses for reasons that no schema knows is left out.
func comparable(doc []byte) bool {
	if !jsontext.Value(doc).IsValid() { // broken, duplicate names, or no Unicode text
		return false
	}
	d := newDecoder(context.Background(), doc)
	defer d.release()
	d.bounded = 1 // the oracle writes numbers out digit by digit
	return d.skip() && len(d.errs) == 0
}

// checkVerdict fails if Decode and the oracle disagree on doc.
func checkVerdict(t *testing.T, typ *Type, judge *jsonschema.Schema, doc []byte) {
	t.Helper()
	if !comparable(doc) {
		return
	}
	into := reflect.New(typ.root.typ)
	errs := typ.Decode(context.Background(), doc, into.Interface())
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	verdict := judge.Validate(instance)
	if (len(errs) == 0) != (verdict == nil) {
		t.Fatalf("%s: Decode says %v\nthe oracle says %v\ndocument: %s\nschema: %s", typ.root.typ, errs, verdict, doc, typ.Input())
	}
	checkPointers(t, doc, errs)
}

// checkPointers fails if an error is located at what is not there, other than a missing property.
func checkPointers(t *testing.T, doc []byte, errs []FieldError) {
	t.Helper()
	for _, e := range errs {
		if e.Detail == "" {
			t.Errorf("an error without a detail at %q in %s", e.Pointer, doc)
		}
		if e.Detail == "property is required" || e.Pointer == "" || strings.Contains(e.Pointer, "…") { // a long one is cut
			continue
		}
		if !hasPointer(doc, jsontext.Pointer(e.Pointer)) {
			t.Errorf("pointer %q leads nowhere in %s (%s)", e.Pointer, doc, e.Detail)
		}
	}
}

func hasPointer(doc []byte, p jsontext.Pointer) bool {
	var at any
	if err := json.Unmarshal(doc, &at); err != nil {
		return true // a number out of float64's range, which is beside the point here
	}
	for token := range p.Tokens() {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[token]
			if !ok {
				return false
			}
			at = next
		case []any:
			var i int
			if _, err := fmt.Sscan(token, &i); err != nil || i >= len(v) {
				return false
			}
			at = v[i]
		default:
			return false
		}
	}
	return true
}

type judged struct {
	typ   *Type
	judge *jsonschema.Schema
}

func judgedCorpus(t testing.TB) []judged {
	var all []judged
	for _, typ := range corpus() {
		for _, open := range []bool{false, true} {
			compiled := compile(t, typ, Options{AllowUnknown: open})
			all = append(all, judged{compiled, oracle(t, compiled.Input())})
		}
	}
	return all
}

// document generates a document for typ: by turns one that should be valid, two that should be but for a single fault, and a very
// wrong one.
func document(typ *Type, seed uint64) []byte {
	wrong, noise := 0.0, 0.0
	if seed%4 == 3 {
		wrong, noise = 0.1, 0.3
	}
	g, s := newGenerator(typ.Input(), seed, wrong, noise)
	doc := g.value(s, 0)
	if kind := seed % 4; kind == 1 || kind == 2 {
		fault := 1 + rand.New(rand.NewPCG(seed, 1)).IntN(g.chances)
		g, s = newGenerator(typ.Input(), seed, 0, 0)
		g.fault = fault
		doc = g.value(s, 0)
	}
	return []byte(doc)
}

// TestVerdict compares Decode with the oracle over generated documents. The counts guard against a generator that makes one
// kind only.
func TestVerdict(t *testing.T) {
	rounds := uint64(200)
	if testing.Short() {
		rounds = 60
	}
	for i, j := range judgedCorpus(t) {
		t.Run(fmt.Sprintf("%s/%d", j.typ.root.typ, i%2), func(t *testing.T) {
			valid := uint64(0)
			for seed := range rounds {
				doc := document(j.typ, seed)
				checkVerdict(t, j.typ, j.judge, doc)
				into := reflect.New(j.typ.root.typ)
				if len(j.typ.Decode(t.Context(), doc, into.Interface())) == 0 {
					valid++
				}
			}
			t.Logf("%d of %d documents are valid", valid, rounds)
			if valid < rounds/6 || valid > rounds*19/20 {
				t.Error("the generator is of no use here")
			}
		})
	}
}

// FuzzVerdict compares Decode with the oracle on whatever the fuzzer makes of generated documents, byte by byte.
func FuzzVerdict(f *testing.F) {
	all := judgedCorpus(f)
	for i, j := range all {
		for seed := range uint64(30) {
			f.Add(uint8(i), document(j.typ, seed))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, doc []byte) {
		j := all[int(which)%len(all)]
		checkVerdict(t, j.typ, j.judge, doc)
	})
}

// FuzzGenerated compares Decode with the oracle on generated documents: most of what FuzzVerdict makes is no JSON any more.
func FuzzGenerated(f *testing.F) {
	all := judgedCorpus(f)
	for i := range all {
		f.Add(uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, which uint8, seed uint64) {
		j := all[int(which)%len(all)]
		checkVerdict(t, j.typ, j.judge, document(j.typ, seed))
	})
}
