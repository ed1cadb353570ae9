package tandemtest

import (
	"regexp/syntax"
	"strings"
)

// matching returns a string that the pattern matches. Where a pattern is beyond
// the generator (assertions within words), the string may fail to match: parity
// then sees one more invalid call.
func (g *generator) matching(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	g.write(&b, re.Simplify())
	return b.String()
}

func (g *generator) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(g.runeOf(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('x')
	case syntax.OpCapture, syntax.OpConcat:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.rand.IntN(len(re.Sub))])
	case syntax.OpStar:
		g.repeat(b, re.Sub[0], g.rand.IntN(3))
	case syntax.OpPlus:
		g.repeat(b, re.Sub[0], 1+g.rand.IntN(2))
	case syntax.OpQuest:
		g.repeat(b, re.Sub[0], g.rand.IntN(2))
	}
}

func (g *generator) repeat(b *strings.Builder, re *syntax.Regexp, times int) {
	for range times {
		g.write(b, re)
	}
}

// runeOf picks a rune of a class, given as pairs of bounds, printable if it can.
func (g *generator) runeOf(ranges []rune) rune {
	pair := 2 * g.rand.IntN(len(ranges)/2)
	low, high := ranges[pair], ranges[pair+1]
	if low < ' ' && high >= 'a' {
		low = 'a'
	}
	return low + rune(g.rand.IntN(int(min(high-low, 25))+1))
}
