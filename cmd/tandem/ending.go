package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ending is when something ends: after a time or at one. The zero value is never.
type ending struct {
	after time.Duration
	on    time.Time
}

// mostDays keeps a number of days within what a time.Duration can hold.
const mostDays = 36_500

// UnmarshalText takes a number of days ("90d"), a duration ("12h"), a date, a time
// (RFC 3339), or "never".
func (e *ending) UnmarshalText(text []byte) error {
	s := string(text)
	*e = ending{}
	if s == "never" {
		return nil
	}
	var err error
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, wrong := strconv.Atoi(days)
		if wrong != nil || n > mostDays {
			return notAnEnding(s)
		}
		e.after = time.Duration(n) * 24 * time.Hour
	} else if e.on, err = time.Parse(time.DateOnly, s); err == nil {
		return nil
	} else if e.on, err = time.Parse(time.RFC3339, s); err == nil {
		return nil
	} else if e.after, err = time.ParseDuration(s); err != nil {
		return notAnEnding(s)
	}
	if e.after < time.Second {
		return errors.New("it would have ended already")
	}
	return nil
}

func notAnEnding(s string) error {
	return fmt.Errorf("%q is neither days (90d), nor hours (12h), nor a date (2030-12-31), nor a time (2030-12-31T12:00:00Z), nor never", s)
}

func (e ending) at(now time.Time) time.Time {
	if e.after > 0 {
		return now.Add(e.after)
	}
	return e.on
}
