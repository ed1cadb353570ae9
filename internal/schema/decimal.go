package schema

import (
	"bytes"
	"math"
	"math/bits"
)

// decimal is the exact value of a JSON number: ±digits × 10^exp. Zero has no digits. The digits neither start nor
// end with '0', so equal numbers have equal decimals.
type decimal struct {
	neg    bool
	digits []byte
	exp    int64 // kept within ±maxExp: beyond it, only the order of magnitude matters
}

// maxExp bounds a decimal's exponent; a literal beyond it is taken to be at it. No Go number type comes near.
const maxExp = 1 << 40

// parseDecimal reads a literal of the JSON number grammar. It appends the digits to buf and keeps a part of it.
func parseDecimal(buf, literal []byte) decimal {
	var d decimal
	start, point := len(buf), -1
	i := 0
	if i < len(literal) && literal[i] == '-' {
		d.neg = true
		i++
	}
	for ; i < len(literal) && literal[i]|0x20 != 'e'; i++ {
		if literal[i] == '.' {
			point = len(buf)
			continue
		}
		buf = append(buf, literal[i])
	}
	if point >= 0 {
		d.exp = -int64(len(buf) - point)
	}
	if i < len(literal) {
		d.exp += parseExponent(literal[i+1:])
	}
	d.digits = buf[start:]
	return d.normal()
}

func parseExponent(text []byte) int64 {
	neg := false
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		neg = text[0] == '-'
		text = text[1:]
	}
	var n int64
	for _, c := range text {
		if n = n*10 + int64(c-'0'); n > maxExp {
			n = maxExp
			break
		}
	}
	if neg {
		return -n
	}
	return n
}

// normal strips needless zeros and bounds the exponent.
func (d decimal) normal() decimal {
	d.digits = bytes.TrimLeft(d.digits, "0")
	size := len(d.digits)
	d.digits = bytes.TrimRight(d.digits, "0")
	d.exp += int64(size - len(d.digits))
	d.exp = max(-maxExp, min(maxExp, d.exp))
	if len(d.digits) == 0 {
		return decimal{}
	}
	return d
}

func (d decimal) isInteger() bool { return d.exp >= 0 }

// magnitude returns the count of digits before the decimal point (negative for small fractions).
func (d decimal) magnitude() int64 { return int64(len(d.digits)) + d.exp }

// cmp compares d and e exactly: -1, 0 or +1.
func (d decimal) cmp(e decimal) int {
	switch ds, es := d.sign(), e.sign(); {
	case ds < es:
		return -1
	case ds > es:
		return 1
	case ds == 0:
		return 0
	default:
		return ds * d.cmpAbs(e)
	}
}

func (d decimal) sign() int {
	switch {
	case len(d.digits) == 0:
		return 0
	case d.neg:
		return -1
	}
	return 1
}

func (d decimal) cmpAbs(e decimal) int {
	switch dm, em := d.magnitude(), e.magnitude(); {
	case dm < em:
		return -1
	case dm > em:
		return 1
	}
	return bytes.Compare(d.digits, e.digits) // neither has trailing zeros, so a prefix is the smaller
}

// uint64 returns |d| if d is an integer that fits.
func (d decimal) uint64() (uint64, bool) {
	if !d.isInteger() || d.magnitude() > 20 {
		return 0, false
	}
	var n uint64
	for i := range int(d.magnitude()) {
		var digit uint64
		if i < len(d.digits) {
			digit = uint64(d.digits[i] - '0')
		}
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, digit, 0)
		if hi != 0 || carry != 0 {
			return 0, false
		}
		n = sum
	}
	return n, true
}

// int64 returns d if it is an integer that fits.
func (d decimal) int64() (int64, bool) {
	n, ok := d.uint64()
	switch {
	case !ok:
		return 0, false
	case d.neg && n <= 1<<63:
		return -int64(n), true // for 1<<63, negation wraps to the right value
	case !d.neg && n <= math.MaxInt64:
		return int64(n), true
	}
	return 0, false
}

// maxMultipleDigits bounds the significant digits of a multipleOf, so that divisibility needs 64 bits only.
const maxMultipleDigits = 18

// multipleOf says whether d is an integer multiple of m, which is positive with at most maxMultipleDigits digits.
func (d decimal) multipleOf(m decimal) bool {
	if len(d.digits) == 0 {
		return true
	}
	shift := d.exp - m.exp
	if shift < 0 {
		// d.digits would have to be divisible by a power of ten, but they do not end with 0.
		return false
	}
	mod, _ := decimal{digits: m.digits}.uint64()
	var rest uint64
	for _, c := range d.digits {
		rest = (rest*10 + uint64(c-'0')) % mod // mod < 10^18, so this stays below 2^64
	}
	return mulMod(rest, powMod(10, uint64(shift), mod), mod) == 0
}

func mulMod(a, b, mod uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return bits.Rem64(hi, lo, mod)
}

func powMod(a, n, mod uint64) uint64 {
	result := 1 % mod
	for a %= mod; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = mulMod(result, a, mod)
		}
		a = mulMod(a, a, mod)
	}
	return result
}

// huge says that d is far from what a 64-bit float can hold, so that writing it out digit by digit could take any amount of memory.
func (d decimal) huge() bool {
	const far = 1100
	return d.exp > far || d.exp < -far || len(d.digits) > far
}
