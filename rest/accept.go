package rest

import (
	"strconv"
	"strings"
)

// accepted is the form of answer that a caller takes.
type accepted uint8

const (
	nothing    accepted = iota // that is served here
	plainJSON                  // JSON, or a problem document
	events                     // an event stream, in preference to JSON
	eventsType = "text/event-stream"
)

// accepts reads the Accept header (RFC 9110 section 12.5.1). None, or an empty
// one, accepts everything. An event stream is preferred if it has the higher
// quality, or the same and is named more precisely: "text/event-stream, */*".
// Who names problem documents alone is taken to expect no output.
func accepts(values []string) accepted {
	if len(values) == 0 || len(values) == 1 && (values[0] == "application/json" || values[0] == "*/*") {
		return plainJSON
	}
	json, problem, stream := offer{media: "application/json"}, offer{media: problemType}, offer{media: eventsType}
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
			json.weigh(media, quality)
			problem.weigh(media, quality)
			stream.weigh(media, quality)
		}
	}
	switch {
	case stream.precision > 1 && stream.beats(json):
		return events
	case empty, json.quality > 0, problem.quality > 0 && problem.precision == 3:
		return plainJSON
	case stream.quality > 0:
		return events
	}
	return nothing
}

// offer is a media type that is served, with the quality that the most precise
// element of Accept gives it.
type offer struct {
	media     string
	precision int // 3 by name, 2 by type/*, 1 by */*, 0 not at all
	quality   int // in thousandths
}

func (o *offer) weigh(media string, quality int) {
	if precision := o.match(media); precision > o.precision {
		o.precision, o.quality = precision, quality
	}
}

func (o *offer) match(media string) int {
	slash := strings.IndexByte(o.media, '/')
	switch {
	case strings.EqualFold(media, o.media):
		return 3
	case len(media) == slash+2 && media[slash+1] == '*' && strings.EqualFold(media[:slash+1], o.media[:slash+1]):
		return 2
	case media == "*/*":
		return 1
	}
	return 0
}

func (o *offer) beats(other offer) bool {
	return o.quality > other.quality || o.quality > 0 && o.quality == other.quality && o.precision > other.precision
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
