package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// integerPattern returns a regular expression for the canonical decimal integers from -below to upTo.
func integerPattern(below, upTo uint64) string {
	if below == 0 {
		return "^(" + upToPattern(upTo) + ")$"
	}
	return "^(" + upToPattern(upTo) + "|-(" + strings.TrimPrefix(upToPattern(below), "0|") + "))$"
}

// upToPattern alternates over the integers from 0 to limit: those with fewer digits, then those that first differ from limit at each of
// its digits, then limit.
func upToPattern(limit uint64) string {
	text := strconv.FormatUint(limit, 10)
	alternatives := []string{"0"}
	if len(text) > 1 {
		alternatives = append(alternatives, "[1-9]"+anyDigits(0, len(text)-2))
	}
	for i := range len(text) {
		low := byte('0')
		if i == 0 {
			low = '1'
		}
		if high := text[i] - 1; text[i] > low {
			alternatives = append(alternatives, fmt.Sprintf("%s[%c-%c]%s", text[:i], low, high, anyDigits(len(text)-i-1, len(text)-i-1)))
		}
	}
	return strings.Join(append(alternatives, text), "|")
}

func anyDigits(least, most int) string {
	switch {
	case most == 0:
		return ""
	case least == most:
		return fmt.Sprintf("[0-9]{%d}", most)
	}
	return fmt.Sprintf("[0-9]{%d,%d}", least, most)
}
