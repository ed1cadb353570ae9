package server

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a number of requests per time. The zero value means no limit. That
// many may come at once; then they are let in evenly.
type Rate struct {
	Requests int
	Per      time.Duration
}

var errRate = errors.New(`it takes a number per time, such as 100/s, 6000/m or 360000/h, or "off"`)

var rateUnits = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}

// ParseRate reads "100/s", "6000/m", "360000/h" or "off".
func ParseRate(s string) (Rate, error) {
	if s == "off" {
		return Rate{}, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	n, err := strconv.Atoi(number)
	per, known := rateUnits[unit]
	if err != nil || n <= 0 || !known {
		return Rate{}, errRate
	}
	return Rate{Requests: n, Per: per}, nil
}

// String returns what ParseRate reads.
func (r Rate) String() string {
	if r.Requests == 0 {
		return "off"
	}
	for unit, per := range rateUnits {
		if per == r.Per {
			return fmt.Sprintf("%d/%s", r.Requests, unit)
		}
	}
	return fmt.Sprintf("%d per %v", r.Requests, r.Per)
}

func (r Rate) check() error {
	if r != (Rate{}) && (r.Requests <= 0 || r.Per <= 0) {
		return errors.New("both of its fields must be positive, or neither be set")
	}
	return nil
}

// parseRates reads "read:100/s,write:10/s".
func parseRates(list string) (map[string]Rate, error) {
	rates := map[string]Rate{}
	for _, pair := range split(list) {
		class, text, found := strings.Cut(pair, ":")
		r, err := ParseRate(text)
		if !found || class == "" || err != nil {
			return nil, errValue
		}
		if _, twice := rates[class]; twice {
			return nil, fmt.Errorf("class %q is there twice", class)
		}
		rates[class] = r
	}
	return rates, ok(len(rates) > 0)
}

// checkRates names the first class whose rate is wrong.
func checkRates(rates map[string]Rate) error {
	for _, class := range slices.Sorted(maps.Keys(rates)) {
		if err := rates[class].check(); err != nil {
			return fmt.Errorf("class %q: %w", class, err)
		}
	}
	return nil
}

func (r Rate) limit() rate.Limit {
	return rate.Limit(float64(r.Requests) / r.Per.Seconds())
}
