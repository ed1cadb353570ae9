package schema

import (
	"regexp"
	"strings"
	"time"
)

// goDurationPattern is the syntax of time.ParseDuration.
const goDurationPattern = `^[-+]?(0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

func isGoDuration(text []byte) bool {
	_, err := time.ParseDuration(string(text))
	return err == nil
}

func isDate(text []byte) bool {
	_, _, ok := takeDate(text)
	return ok && len(text) == 10
}

func isTime(text []byte) bool {
	_, ok := takeTime(text, time.Time{})
	return ok
}

func isDateTime(text []byte) bool {
	_, ok := parseDateTime(text)
	return ok
}

// parseDateTime reads date-time of RFC 3339 section 5.6, leap seconds and lower-case letters included, which
// time.Parse refuses. A leap second becomes the first instant of the next minute.
func parseDateTime(text []byte) (time.Time, bool) {
	if len(text) < 20 || text[10]|0x20 != 't' {
		return time.Time{}, false
	}
	date, rest, ok := takeDate(text)
	if !ok {
		return time.Time{}, false
	}
	return takeTime(rest[1:], date)
}

// takeDate reads full-date.
func takeDate(text []byte) (date time.Time, rest []byte, ok bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return date, nil, false
	}
	year, ok1 := digitsOf(text[:4])
	month, ok2 := digitsOf(text[5:7])
	day, ok3 := digitsOf(text[8:10])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || day < 1 {
		return date, nil, false
	}
	date = time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return date, text[10:], date.Day() == day
}

// takeTime reads full-time and adds it to date.
func takeTime(text []byte, date time.Time) (time.Time, bool) {
	if len(text) < 9 || text[2] != ':' || text[5] != ':' {
		return date, false
	}
	hour, ok1 := digitsOf(text[:2])
	minute, ok2 := digitsOf(text[3:5])
	second, ok3 := digitsOf(text[6:8])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return date, false
	}
	nanos, rest, ok := takeFraction(text[8:])
	if !ok {
		return date, false
	}
	zone, offset, ok := takeOffset(rest)
	if !ok || second == 60 && !isLeap(hour*60+minute-offset) {
		return date, false
	}
	y, m, d := date.Date()
	return time.Date(y, m, d, hour, minute, second, nanos, zone), true
}

// isLeap says whether a leap second can be in this minute of the day in UTC, which is the last one.
func isLeap(minute int) bool {
	const day = 24 * 60
	return (minute+day)%day == day-1
}

// takeFraction reads time-secfrac; digits beyond the nanosecond are dropped.
func takeFraction(text []byte) (nanos int, rest []byte, ok bool) {
	if text[0] != '.' {
		return 0, text, true
	}
	i, scale := 1, 100_000_000
	for ; i < len(text) && isDigit(text[i]); i++ {
		nanos += int(text[i]-'0') * scale
		scale /= 10
	}
	return nanos, text[i:], i > 1 && i < len(text)
}

// takeOffset reads time-offset, in minutes east of UTC.
func takeOffset(text []byte) (zone *time.Location, offset int, ok bool) {
	if len(text) == 1 && text[0]|0x20 == 'z' {
		return time.UTC, 0, true
	}
	if len(text) != 6 || text[3] != ':' || text[0] != '+' && text[0] != '-' {
		return nil, 0, false
	}
	hours, ok1 := digitsOf(text[1:3])
	minutes, ok2 := digitsOf(text[4:6])
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return nil, 0, false
	}
	offset = hours*60 + minutes
	if text[0] == '-' {
		offset = -offset
	}
	return time.FixedZone("", offset*60), offset, true
}

func digitsOf(text []byte) (n int, ok bool) {
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// isoDuration is duration of RFC 3339 appendix A: between two units, none may be left out.
var isoDuration = regexp.MustCompile(`^P(?:[0-9]+W|` +
	`(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)(?:T` + isoTime + `)?|T` + isoTime + `)$`)

const isoTime = `(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)`

func isISODuration(text []byte) bool {
	return strings.HasPrefix(string(text), "P") && isoDuration.Match(text)
}
