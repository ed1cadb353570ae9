package pgstore

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// news is what a replica has to tell the others.
type news struct {
	from  int64               // the sender, who knows
	keys  map[uint64]struct{} // what has news
	all   bool                // wake everybody, whatever they watch
	mail  map[int64]struct{}  // the replicas for which signals wait
	round bool                // signals wait for all
}

func (n *news) empty() bool { return len(n.keys) == 0 && len(n.mail) == 0 && !n.all && !n.round }

const (
	keySize   = 11  // base64 of 8 bytes
	mostKeys  = 500 // in a payload, which holds less than 8,000 bytes
	mostMail  = 100
	wakeEvery = "*"
)

// payloads encodes the news as "<from>;<keys>;<replicas>": 500 keys at a time.
func (n news) payloads() []string {
	keys, mail := n.encodeKeys(), n.encodeMail()
	var all []string
	for i := 0; i == 0 || i < len(keys) || i < len(mail); i++ {
		p := strconv.FormatInt(n.from, 10) + ";" + at(keys, i) + ";" + at(mail, i)
		all = append(all, p)
	}
	return all
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

func (n *news) encodeKeys() []string {
	if n.all {
		return []string{wakeEvery}
	}
	var all []string
	var b []byte
	for k := range n.keys {
		b = base64.RawURLEncoding.AppendEncode(b, binary.BigEndian.AppendUint64(nil, k))
		if len(b) == mostKeys*keySize {
			all, b = append(all, string(b)), b[:0]
		}
	}
	if len(b) > 0 {
		all = append(all, string(b))
	}
	return all
}

func (n *news) encodeMail() []string {
	if n.round {
		return []string{wakeEvery}
	}
	var all, some []string
	for to := range n.mail {
		some = append(some, strconv.FormatInt(to, 10))
		if len(some) == mostMail {
			all, some = append(all, strings.Join(some, ",")), nil
		}
	}
	if len(some) > 0 {
		all = append(all, strings.Join(some, ","))
	}
	return all
}

// parseNews is the inverse of payloads, for one of them. Anybody may NOTIFY: what
// does not parse says nothing.
func parseNews(payload string) (n news) {
	parts := strings.Split(payload, ";")
	if len(parts) != 3 {
		return n
	}
	n.from, _ = strconv.ParseInt(parts[0], 10, 64)
	n.all, n.round = parts[1] == wakeEvery, parts[2] == wakeEvery
	n.keys = parseKeys(parts[1])
	n.mail = map[int64]struct{}{}
	for to := range strings.SplitSeq(parts[2], ",") {
		if id, err := strconv.ParseInt(to, 10, 64); err == nil {
			n.mail[id] = struct{}{}
		}
	}
	return n
}

func parseKeys(text string) map[uint64]struct{} {
	keys := make(map[uint64]struct{}, len(text)/keySize)
	for ; len(text) >= keySize; text = text[keySize:] {
		if b, err := base64.RawURLEncoding.DecodeString(text[:keySize]); err == nil {
			keys[binary.BigEndian.Uint64(b)] = struct{}{}
		}
	}
	return keys
}
