package schema

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// format is a named form of strings.
type format struct {
	name    string
	noun    string                 // for errors, with its article
	sample  string                 // a string that has the format
	valid   func(text []byte) bool // nil for a mere annotation
	pattern string                 // emitted beside the name, for readers that do not know it
	doc     string                 // a description for fields without one
}

// Formats of Go types that JSON Schema has no name for.
const (
	goDuration = "go-duration"
	ipAddress  = "ip"
	ipPort     = "ip-port"
	ipPrefix   = "ip-prefix"
)

// stringFormats lists the formats that a tag may name on a string.
var stringFormats = []*format{
	{name: "date-time", noun: "a date and time of RFC 3339", sample: "2026-01-31T12:00:00Z", valid: isDateTime},
	{name: "date", noun: "a date", sample: "2026-01-31", valid: isDate},
	{name: "time", noun: "a time of day with its offset", sample: "12:00:00Z", valid: isTime},
	{name: "duration", noun: "a duration of ISO 8601", sample: "P1DT2H", valid: isISODuration},
	{name: "email", noun: "an e-mail address", sample: "ada@example.com", valid: isEmail},
	{name: "hostname", noun: "a host name", sample: "www.example.com", valid: isHostname},
	{name: "ipv4", noun: "an IPv4 address", sample: "192.0.2.1", valid: isIPv4},
	{name: "ipv6", noun: "an IPv6 address", sample: "2001:db8::1", valid: isIPv6},
	{name: "uri", noun: "an absolute URI", sample: "https://example.com/a", valid: isURI},
	{name: "uri-reference", noun: "a URI or a relative reference", sample: "/a?b=c", valid: isURIReference},
	{name: "uuid", noun: "a UUID", sample: "123e4567-e89b-12d3-a456-426614174000", valid: isUUID},
	{name: "byte"}, {name: "binary"}, {name: "password"},
}

// typeFormats lists the formats that belong to Go types.
var typeFormats = []*format{
	{
		name: goDuration, noun: "a duration with units", sample: "1m30s", valid: isGoDuration, pattern: goDurationPattern,
		doc: "Duration as a sequence of numbers with units (h, m, s, ms, us, ns), such as 1m30s",
	},
	{name: ipAddress, noun: "an IP address", sample: "192.0.2.1", valid: isIP},
	{name: ipPort, noun: "an IP address and port", sample: "192.0.2.1:80", valid: isIPPort},
	{name: ipPrefix, noun: "an IP prefix", sample: "192.0.2.0/24", valid: isIPPrefix},
}

// stringFormat finds a format that a tag may name.
func stringFormat(name string) (*format, error) {
	names := make([]string, 0, len(stringFormats))
	for _, f := range stringFormats {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return nil, fmt.Errorf("unknown format %q; known for strings: %s", name, strings.Join(names, ", "))
}

// formatNamed returns a format that is known to exist.
func formatNamed(name string) *format {
	for _, f := range slices.Concat(stringFormats, typeFormats) {
		if f.name == name {
			return f
		}
	}
	panic("schema: no format " + name)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// isUUID follows RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits, of either case, of any version.
func isUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range text {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isHex(c) {
			return false
		}
	}
	return true
}

// isHostname follows RFC 1123 section 2.1: labels of letters, digits and inner hyphens. What an IDNA label (xn--…) stands for is
// not looked into.
func isHostname(text []byte) bool {
	if len(text) == 0 || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(string(text), ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isLetter(c) && !isDigit(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

// isIPv4 follows RFC 2673 section 3.2: four decimals without leading zeros.
func isIPv4(text []byte) bool {
	addr, err := netip.ParseAddr(string(text))
	return err == nil && addr.Is4()
}

// isIPv6 follows RFC 4291 section 2.2; a zone is no part of it.
func isIPv6(text []byte) bool {
	addr, err := netip.ParseAddr(string(text))
	return err == nil && addr.Is6() && addr.Zone() == ""
}

func isIP(text []byte) bool {
	_, err := netip.ParseAddr(string(text))
	return err == nil
}

func isIPPort(text []byte) bool {
	_, err := netip.ParseAddrPort(string(text))
	return err == nil
}

func isIPPrefix(text []byte) bool {
	_, err := netip.ParsePrefix(string(text))
	return err == nil
}

// isEmail follows RFC 5321 section 4.1.2 (Mailbox), with the length limits of section 4.5.3.1.
func isEmail(text []byte) bool {
	at := strings.LastIndexByte(string(text), '@')
	if at < 1 || at > 64 || len(text) > 254 {
		return false
	}
	local, domain := string(text[:at]), string(text[at+1:])
	if local[0] == '"' {
		return isQuotedLocal(local) && isMailDomain(domain)
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(c rune) bool { return !isAtomChar(c) }) {
			return false
		}
	}
	return isMailDomain(domain)
}

// isAtomChar is atext of RFC 5322 section 3.2.3.
func isAtomChar(c rune) bool {
	return c < 0x80 && (isLetter(byte(c)) || isDigit(byte(c))) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c)
}

// isQuotedLocal is Quoted-string: printable ASCII, with backslashes before quotes and backslashes.
func isQuotedLocal(local string) bool {
	if len(local) < 2 || local[len(local)-1] != '"' {
		return false
	}
	inner := local[1 : len(local)-1]
	for i := 0; i < len(inner); i++ {
		if inner[i] == '\\' {
			i++
		} else if inner[i] == '"' {
			return false
		}
		if i >= len(inner) || inner[i] < ' ' || inner[i] > '~' {
			return false
		}
	}
	return true
}

func isMailDomain(domain string) bool {
	inner, ok := strings.CutPrefix(domain, "[")
	if !ok {
		return isHostname([]byte(domain))
	}
	if inner, ok = strings.CutSuffix(inner, "]"); !ok {
		return false
	}
	if v6, ok := strings.CutPrefix(inner, "IPv6:"); ok {
		return isIPv6([]byte(v6))
	}
	return isIPv4([]byte(inner))
}

// isURI follows RFC 3986 section 3, and is further limited to what net/url can take apart.
func isURI(text []byte) bool {
	u, ok := parseReference(text)
	return ok && u.Scheme != ""
}

// isURIReference follows RFC 3986 section 4.1, with the same limit.
func isURIReference(text []byte) bool {
	_, ok := parseReference(text)
	return ok
}

func parseReference(text []byte) (*url.URL, bool) {
	if !hasURICharacters(text) {
		return nil, false
	}
	u, err := url.Parse(string(text))
	if err != nil || strings.Contains(u.Host, ":") && !isURIHost(u) {
		return nil, false
	}
	return u, true
}

// isURIHost checks hosts with a colon: an IPv6 address in brackets, or a port.
func isURIHost(u *url.URL) bool {
	if !strings.HasPrefix(u.Host, "[") {
		return !strings.Contains(u.Hostname(), ":")
	}
	return isIPv6([]byte(u.Hostname()))
}

// hasURICharacters checks the characters of RFC 3986 section 2 and the places of those that belong to one part only.
func hasURICharacters(text []byte) bool {
	start, end := authority(text)
	if strings.Count(string(text[start:end]), "@") > 1 {
		return false
	}
	fragment := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '%':
			if i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]) {
				return false
			}
			i += 2
		case c == '#':
			if fragment {
				return false
			}
			fragment = true
		case c == '[' || c == ']':
			if i < start || i >= end {
				return false
			}
		case !isLetter(c) && !isDigit(c) && !strings.ContainsRune("-._~:/?@!$&'()*+,;=", rune(c)):
			return false
		}
	}
	return true
}

// authority returns where a reference's authority is: between "//" and the path, query or fragment. It is empty if there is none.
func authority(text []byte) (start, end int) {
	start = strings.Index(string(text), "//") + 2
	if start == 1 || strings.ContainsAny(string(text[:start-2]), "/?#") {
		return 0, 0
	}
	end = strings.IndexAny(string(text[start:]), "/?#")
	if end < 0 {
		return start, len(text)
	}
	return start, start + end
}
