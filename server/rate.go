package server

import (
	"errors"
	"fmt"
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

func (r Rate) limit() rate.Limit {
	return rate.Limit(float64(r.Requests) / r.Per.Seconds())
}
