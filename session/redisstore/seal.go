package redisstore

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// secrets authenticate what is in the engine: the first one signs, all verify.
type secrets [][]byte

// seal puts an authenticator before the text. The purpose binds it to its
// place: a sealed text is nothing anywhere else.
func (s secrets) seal(text []byte, purpose ...string) []byte {
	return append(sum(s[0], text, purpose), text...)
}

// open returns the text, unless it was not sealed for the purpose.
func (s secrets) open(sealed string, purpose ...string) ([]byte, bool) {
	if len(sealed) < sha256.Size {
		return nil, false
	}
	text := []byte(sealed[sha256.Size:])
	for _, secret := range s {
		if hmac.Equal(sum(secret, text, purpose), []byte(sealed[:sha256.Size])) {
			return text, true
		}
	}
	return nil, false
}

func sum(secret, text []byte, purpose []string) []byte {
	mac := hmac.New(sha256.New, secret)
	write(mac, "tandem/session/redisstore")
	for _, p := range purpose {
		write(mac, p)
	}
	mac.Write(text)
	return mac.Sum(nil)
}

// write is unambiguous: the length comes first.
func write(mac hash.Hash, part string) {
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
	mac.Write([]byte(part))
}
