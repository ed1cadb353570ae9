package schema

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestFormats has each format at the edges of its RFC. Each text stands between spaces; ␣ is a space within one.
func TestFormats(t *testing.T) {
	for _, c := range []struct{ format, valid, invalid string }{
		{
			"date-time",
			"1963-06-19T08:30:06.283185Z 1963-06-19t08:30:06z 1937-01-01T12:00:27.87+00:20 1998-12-31T23:59:60Z 1998-12-31T15:59:60.123-08:00 1985-04-12T00:59:59.999999999999999Z 0000-01-01T00:00:00-23:59 2024-02-29T00:00:00Z",
			"1998-12-31T23:59:61Z 1998-12-31T22:59:60Z 1990-02-31T15:59:59Z 2023-02-29T00:00:00Z 1990-12-31T15:59:59-24:00 1990-12-31T24:00:00Z 1990-12-31T15:60:00Z 1990-12-31T10:00:00+10:60 1963-6-19T08:30:06Z " +
				"+11963-06-19T08:30:06Z 1985-04-12T23:20:50+01 1985-04-12T23:20:50 1985-04-12T23:20:50.Z 1985-04-12␣23:20:50Z 1985-04-12T23:20:50Z\n 2013-350T01:01:01 1985-04-12T+1:00:00Z 1985-00-12T00:00:00Z",
		},
		{"date", "2024-02-29 0000-12-31", "2023-02-29 2024-13-01 2024-00-01 2024-01-00 2024-1-1 20240101 2024-01-01Z +024-01-01"},
		{
			"time",
			"08:30:06Z 23:59:60Z 01:29:60+01:30 15:59:60-08:00 00:29:60-23:30 23:20:50.52Z 12:34:56-00:00 08:30:06z",
			"24:00:00Z 00:60:00Z 00:00:61Z 22:59:60Z 23:59:60+01:00 12:00:00 01:02:03+24:00 01:02:03+00:60 01:02:03Z+00:30 01:01:01,11Z 8:30:06Z 08:30:06-8:000 +1:00:00Z",
		},
		{
			"duration",
			"P4DT12H30M5S P4Y PT0S P0D P1M PT1M PT36H P2W P1Y2M P1M2D PT1H2M PT1M2S P1Y2M3DT4H5M6S P01D P99999999999999999999D",
			"P PT PT1D P1YT P2D1Y P1D2H P2S P1Y2W P1 P1Y2D PT1H2S PT0.5S -P1D P1D2T3H P1WT1H 1D P1D␣ p1d",
		},
		{
			"email",
			`joe.bloggs@example.com ~test@example.com a@b "joe␣bloggs"@example.com "joe\"b"@x "a@b"@c joe@[127.0.0.1] joe@[IPv6:::1] a+b_c@x.y ` + strings.Repeat("a", 64) + "@b",
			`2962 @example.com joe@ .a@b a.@b a..b@c a@-b a@b_c joe␣b@c joe@[127.0.0.300] joe@[IPv6:x] joe@[1.2.3.4 "a"b"@c "a@b "a\" "@c a,b@c é@c ` + strings.Repeat("a", 65) + "@b a@" + strings.Repeat("a.", 127) + "b",
		},
		{
			"hostname",
			"www.example.com a 1host a--b.com xn--9n2bp8q " + strings.Repeat("a", 63) + ".com",
			". .a a. a..b -a a- a.-b a_b a␣b é.com \u212aelvin.com " + strings.Repeat("a", 64) + ".com " + strings.Repeat("a.", 127) + "a",
		},
		{"ipv4", "192.168.0.1 0.0.0.0 255.255.255.255", "127.0.0.0.1 256.0.0.1 127.0 0x7f000001 01.2.3.4 +1.2.3.4 1.2.3.4/24 ::ffff:1.2.3.4 1.2.3.4:80 1.2.3."},
		{"ipv6", "::1 :: 2001:db8::1 ::ffff:192.168.0.1 1:2:3:4:5:6:7:8 ABCD::", "1.2.3.4 1:2:3 1::2::3 12345:: ::1%eth0 [::1] ::ffff:01.2.3.4 1:2:3:4:5:6:7:8:9"},
		{
			"uri",
			"http://foo.bar/?baz=qux#quux http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com ldap://[2001:db8::7]/c=GB?one mailto:a@b tel:+1-816 urn:a:b http://999.999.999.999/ http://a:/ x: file:///a",
			`//foo.bar/ /abc abc http://␣x :// bar,baz:foo https://[@example.org/ https://e/é https://e/\ https://e/" https://e/<> https://e/{} https://e/^ https://e/| http://e/%6G http://e/% ` +
				"1http://e ht_tp://e http://e:abc/ http://[::ffff:01.2.3.4] http:/[::1] http://a@b@c/ http://a/#b#c http://a/?[ http://::1/ http://[::1]x/",
		},
		{"uri-reference", "http://foo.bar/#q //foo.bar/ /abc abc #fragment ?q=1 // ./this:that ../a?b:c", `\\W\f #frag\ment /é /%zz /a"b /[::1] //e:abc/p //a@b@e/ 1:b`},
		{
			"uuid",
			"2eb8aa08-aa98-11ea-b4aa-73b441d16380 2EB8AA08-AA98-11EA-B4AA-73B441D16380 00000000-0000-0000-0000-000000000000",
			"2eb8aa08-aa98-11ea-b4aa-73b441d1638 2eb8aa08aa9811eab4aa73b441d16380 2eb8aa08-aa98-11ea-b4ga-73b441d16380 2eb8-aa08-aa98-11ea-b4aa73b44-1d16380 {2eb8aa08-aa98-11ea-b4aa-73b441d16380}",
		},
		{goDuration, "1m30s 0 -1.5h .5s 5.s +1h 1h2h 1µs 1μs 2562047h47m16.854775807s", "s 1 1d 1h␣2m - 2562047h47m16.854775808s 9999999999h . .s"},
		{ipAddress, "1.2.3.4 ::1 fe80::1%eth0", "x 1.2.3 ::1::"},
		{ipPort, "1.2.3.4:80 [::1]:80", "1.2.3.4 ::1:80 1.2.3.4:99999"},
		{ipPrefix, "1.2.3.4/8 ::/0", "1.2.3.4 1.2.3.4/33 ::/129"},
	} {
		f := formatNamed(c.format)
		for text := range strings.SplitSeq(c.valid, " ") {
			if text = strings.ReplaceAll(text, "␣", " "); !f.valid([]byte(text)) {
				t.Errorf("%s: %q is refused", c.format, text)
			}
		}
		for text := range strings.SplitSeq(c.invalid+" ", " ") {
			if text = strings.ReplaceAll(text, "␣", " "); f.valid([]byte(text)) && !(text == "" && c.format == "uri-reference") {
				t.Errorf("%s: %q is accepted", c.format, text)
			}
		}
		if !f.valid([]byte(f.sample)) {
			t.Errorf("%s: its sample %q is refused", c.format, f.sample)
		}
	}
}

// TestDateTimeValues: a date-time is read to the instant that it names, where time.Parse cannot as well.
func TestDateTimeValues(t *testing.T) {
	for text, want := range map[string]string{
		"2026-01-31T12:00:00Z":                 "2026-01-31T12:00:00Z",
		"2026-01-31t12:00:00.5z":               "2026-01-31T12:00:00.5Z",
		"2026-01-31T12:00:00.1234567899+05:30": "2026-01-31T12:00:00.123456789+05:30",
		"2016-12-31T23:59:60Z":                 "2017-01-01T00:00:00Z",
		"2016-12-31T15:59:60-08:00":            "2016-12-31T16:00:00-08:00",
		"0000-01-01T00:00:00-00:00":            "0000-01-01T00:00:00Z",
	} {
		got, ok := parseDateTime([]byte(text))
		if !ok || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: got %s, %v", text, got.Format(time.RFC3339Nano), ok)
		}
	}
}

// TestFormatPatterns: the pattern that stands beside a format accepts what the format does.
func TestFormatPatterns(t *testing.T) {
	re, err := compilePattern(goDurationPattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{0, 1, -1, time.Microsecond, 1500 * time.Millisecond, time.Hour, 1<<63 - 1, -1 << 63} {
		if !re.MatchString(d.String()) || !isGoDuration([]byte(d.String())) {
			t.Errorf("%s is refused", d)
		}
	}
}

// TestIntegerPattern: the pattern of integer keys accepts the integers of the range, in their canonical form, and nothing else.
func TestIntegerPattern(t *testing.T) {
	for _, c := range []struct {
		below, upTo uint64
		outside     []string
	}{
		{128, 127, []string{"128", "-129", "1000", "-1000", "-0", "00", "+1", "01", "", "1.0", "a"}},
		{0, 255, []string{"-1", "256", "260", "300", "1000"}},
	} {
		re, err := compilePattern(integerPattern(c.below, c.upTo))
		if err != nil {
			t.Fatal(err)
		}
		for n := -int(c.below); n <= int(c.upTo); n++ {
			if !re.MatchString(fmt.Sprint(n)) {
				t.Errorf("%d is refused by %s", n, re.text)
			}
		}
		for _, text := range c.outside {
			if re.MatchString(text) {
				t.Errorf("%q is accepted by %s", text, re.text)
			}
		}
	}
	re, err := compilePattern(integerPattern(1<<63, 1<<63-1))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"9223372036854775807": true, "9223372036854775808": false, "9223372036854775799": true, "9223372036854776000": false,
		"-9223372036854775808": true, "-9223372036854775809": false, "8999999999999999999": true, "10000000000000000000": false,
	} {
		if re.MatchString(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

// TestAnnotationFormats: these say how a string is meant, and check nothing.
func TestAnnotationFormats(t *testing.T) {
	type doc struct {
		A string `json:"a" format:"byte"`
		B string `json:"b" format:"binary"`
		C string `json:"c" format:"password"`
		D int    `json:"d" format:"int32"`
	}
	if _, errs := decode[doc](t, `{"a":"?","b":"?","c":"?","d":3000000000}`); errs != nil {
		t.Error(errs)
	}
	for _, f := range compile(t, reflect.TypeFor[doc](), Options{}).Fields() {
		if f.Format == "" {
			t.Errorf("%s has lost its format", f.Name)
		}
	}
}

// TestPatterns: expressions are searched for anywhere, and mean what ECMA-262 says.
func TestPatterns(t *testing.T) {
	for _, c := range []struct{ pattern, valid, invalid string }{
		{`b`, "abc|b", "ac|"},
		{`^a.c$`, "abc|aéc|a😀c|a\x00c", "a\nc|a\rc|a\u2028c|abcd|ac"},
		{`^\S+$`, "abc|é", "a b|a\u00a0b|a\vb|a\ufeffb|"},
		{`^[\s,]+$`, " ,\t|\u2003\v", "a|\u200b"},
		{`^\s?$`, "|\u3000", "x"},
		{`^\w+\d$`, "a_1", "é1|a"},
		{`^[\u00e9\u{1F600}\-\]]+$`, "é😀-]", "e|\\"},
		{`^(?<year>[0-9]{4})-(?:a|b)$`, "2026-a", "2026-c|26-a"},
		{`^\/[.]$`, "/.", "/x"},
		{`\.`, ".", "x"},
	} {
		p, err := compilePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for text := range strings.SplitSeq(c.valid, "|") {
			if !p.MatchString(text) {
				t.Errorf("%s does not match %q", c.pattern, text)
			}
		}
		for text := range strings.SplitSeq(c.invalid, "|") {
			if p.MatchString(text) {
				t.Errorf("%s matches %q", c.pattern, text)
			}
		}
	}
	for _, refused := range []string{`(?=a)`, `(?!a)`, `(?<=a)`, `(a)\1`, `\p{Nonsense}`, `(?i)a`, `(?P<n>a)`, `\Aa`, `a\z`, `[[:alpha:]]`, `[\S]`, `\ud83d`, `\u12`, `a\`, `[`, `a**`, `\Qa\E`} {
		if p, err := compilePattern(refused); err == nil {
			t.Errorf("%s is accepted as %s", refused, p.re)
		}
	}
}
