package rest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem"
)

// accepted is the form of answer that a caller takes.
type accepted uint8

const (
	nothing    accepted = iota // that is served here
	plain                      // the output as it is, or a problem document
	events                     // an event stream, in preference to that
	eventsType = "text/event-stream"
)

// jsonOffers are what an operation answers whose output is not content.
var jsonOffers = []string{"application/json"}

// offersOf returns the media types of the operation's answer; nil means any.
func offersOf(op *tandem.Registered) []string {
	switch {
	case !op.HasContent():
		return jsonOffers
	case len(op.Produces) == 0:
		return nil
	case !op.HasBlocks():
		return op.Produces
	}
	return append(slices.Clip(op.Produces), multipartType)
}

// accepts reads the Accept header (RFC 9110 section 12.5.1). None, or an empty
// one, accepts everything. An event stream is preferred if it has the higher
// quality, or the same and is named more precisely: "text/event-stream, */*".
// Who names problem documents alone is taken to expect no output.
func accepts(values, offers []string) accepted {
	if len(values) == 0 || len(values) == 1 && (values[0] == "application/json" && len(offers) == 1 && offers[0] == values[0] || values[0] == "*/*") {
		return plain
	}
	best, problem, stream := newOffers(offers), offer{media: problemType}, offer{media: eventsType}
	empty := true
	for _, value := range values {
		for value != "" {
			var element string
			element, value = cutElement(value)
			if element = trim(element); element == "" {
				continue
			}
			empty = false
			media, quality := parseElement(element)
			for i := range best {
				best[i].weigh(media, quality)
			}
			problem.weigh(media, quality)
			stream.weigh(media, quality)
		}
	}
	answer := slices.MaxFunc(best, offer.compare)
	switch {
	case stream.precision > 1 && stream.quality > 0 && stream.compare(answer) > 0:
		return events
	case empty, answer.quality > 0, problem.quality > 0 && problem.precision == 3:
		return plain
	case stream.quality > 0:
		return events
	}
	return nothing
}

// offer is a media type that is served, with the quality that the most precise
// element of Accept gives it. One without a name stands for any that HTTP itself
// has no use for: then the element of the highest quality counts.
type offer struct {
	media     string
	precision int // 3 by name, 2 by type/*, 1 by */*, 0 not at all
	quality   int // in thousandths
}

func newOffers(media []string) []offer {
	if media == nil {
		return []offer{{}}
	}
	all := make([]offer, len(media))
	for i, m := range media {
		all[i].media, _, _ = strings.Cut(m, ";")
	}
	return all
}

func (o *offer) weigh(media string, quality int) {
	found := offer{media: o.media, precision: o.match(media), quality: quality}
	better := found.precision > o.precision
	if o.media == "" {
		better = found.precision > 0 && found.compare(*o) > 0
	}
	if better {
		*o = found
	}
}

func (o *offer) match(media string) int {
	slash := strings.IndexByte(o.media, '/')
	switch {
	case media == "*/*":
		return 1
	case slash < 0:
		return matchAny(media)
	case strings.EqualFold(media, o.media):
		return 3
	case len(media) == slash+2 && media[slash+1] == '*' && strings.EqualFold(media[:slash+1], o.media[:slash+1]):
		return 2
	}
	return 0
}

func matchAny(media string) int {
	switch {
	case !strings.Contains(media, "/") || strings.EqualFold(media, eventsType) || strings.EqualFold(media, problemType):
		return 0
	case strings.HasSuffix(media, "/*"):
		return 2
	}
	return 3
}

// compare orders by quality, then by precision.
func (o offer) compare(other offer) int {
	return cmp.Or(cmp.Compare(o.quality, other.quality), cmp.Compare(o.precision, other.precision))
}

// cutElement cuts a list at its first comma that is not quoted.
func cutElement(list string) (element, rest string) {
	quoted := false
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ',' && !quoted:
			return list[:i], list[i+1:]
		}
	}
	return list, ""
}

// parseElement splits "type/subtype;param=value;q=0.5". Other parameters than q
// do not matter here. A quality that is malformed counts as 0.
func parseElement(element string) (media string, quality int) {
	media, params, _ := strings.Cut(element, ";")
	quality = 1000
	for params != "" {
		var param string
		param, params, _ = strings.Cut(params, ";")
		if key, value, _ := strings.Cut(trim(param), "="); strings.EqualFold(key, "q") {
			quality = parseQuality(value)
		}
	}
	return trim(media), quality
}

// parseQuality returns a qvalue in thousandths.
func parseQuality(text string) int {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > 3 || whole != "0" && whole != "1" {
		return 0
	}
	n, err := strconv.ParseUint(whole+(fraction + "000")[:3], 10, 16)
	if err != nil || n > 1000 {
		return 0
	}
	return int(n)
}

func trim(text string) string { return strings.Trim(text, " \t") }
