package schema

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestDecimal compares decimal arithmetic with that of big.Rat on random literals.
func TestDecimal(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a, b := randomLiteral(rnd), randomLiteral(rnd)
		x, y := parseDecimal(nil, []byte(a)), parseDecimal(nil, []byte(b))
		p, q := rational(a), rational(b)
		if got, want := x.cmp(y), p.Cmp(q); got != want {
			t.Fatalf("%s against %s: %d, want %d", a, b, got, want)
		}
		if x.isInteger() != p.IsInt() {
			t.Fatalf("%s is an integer: %v", a, x.isInteger())
		}
		n, ok := x.int64()
		if want := p.IsInt() && p.Num().IsInt64(); ok != want || ok && n != p.Num().Int64() {
			t.Fatalf("%s as int64: %d, %v", a, n, ok)
		}
		if y.sign() > 0 && len(y.digits) <= maxMultipleDigits {
			if got, want := x.multipleOf(y), new(big.Rat).Quo(p, q).IsInt(); got != want {
				t.Fatalf("%s a multiple of %s: %v", a, b, got)
			}
		}
		if same := string(x.appendCanonical(nil)) == string(y.appendCanonical(nil)); same != (p.Cmp(q) == 0) {
			t.Fatalf("%s and %s have the same canonical form: %v", a, b, same)
		}
	}
}

func rational(literal string) *big.Rat {
	r, ok := new(big.Rat).SetString(literal)
	if !ok {
		panic(literal)
	}
	return r
}

// randomLiteral makes a JSON number, mostly of few digits so that pairs have something to do with each other.
func randomLiteral(rnd *rand.Rand) string {
	var b strings.Builder
	if rnd.IntN(3) == 0 {
		b.WriteByte('-')
	}
	switch rnd.IntN(4) {
	case 0:
		b.WriteString(strconv.FormatUint(rnd.Uint64(), 10))
	case 1:
		b.WriteString("922337203685477580" + strconv.Itoa(rnd.IntN(10)))
	default:
		b.WriteString(strconv.Itoa(rnd.IntN(200)))
	}
	if rnd.IntN(2) == 0 {
		b.WriteString("." + strings.Repeat("0", rnd.IntN(3)) + strconv.Itoa(rnd.IntN(120)))
	}
	if rnd.IntN(2) == 0 {
		b.WriteString([]string{"e", "E", "e+", "e-"}[rnd.IntN(4)] + strconv.Itoa(rnd.IntN(25)))
	}
	return b.String()
}

// TestDecimalHuge: exponents that no memory could hold written out are compared at once.
func TestDecimalHuge(t *testing.T) {
	huge := parseDecimal(nil, []byte("1e99999999999999999999"))
	tiny := parseDecimal(nil, []byte("1e-99999999999999999999"))
	one := parseDecimal(nil, []byte("1"))
	if huge.cmp(one) != 1 || tiny.cmp(one) != -1 || tiny.cmp(decimal{}) != 1 {
		t.Error("wrong order")
	}
	if !huge.multipleOf(parseDecimal(nil, []byte("0.25"))) || huge.multipleOf(parseDecimal(nil, []byte("3"))) || tiny.multipleOf(one) {
		t.Error("wrong multiples")
	}
	if _, ok := huge.uint64(); ok {
		t.Error("fits where it cannot")
	}
}
