// Package seal makes tokens that their bearer can neither read nor change, and
// that are good only where they were meant: AES-256-GCM under keys that can be
// rotated.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

const (
	keySize = 32
	idSize  = 4 // of the key's name at the head of a token
)

// ErrRefused says that a token was not sealed by these keys for this use.
var ErrRefused = errors.New("the token is not valid here")

// Keys seal and open tokens. They are safe for concurrent use.
type Keys struct{ keys []key }

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
	mac  []byte // of the tokens that can be read
}

// New returns keys from secrets of at least 32 bytes. The first one seals, all
// of them open, so that a new one is put first and an old one is dropped when its
// tokens have expired. Without secrets there is one random key, whose tokens end
// with the process.
func New(secrets ...[]byte) (*Keys, error) {
	if len(secrets) == 0 {
		random := make([]byte, keySize)
		rand.Read(random) // never fails: crypto/rand ends the program instead
		secrets = [][]byte{random}
	}
	k := &Keys{}
	for i, secret := range secrets {
		if len(secret) < keySize {
			return nil, fmt.Errorf("secret %d has %d bytes; it takes at least %d", i, len(secret), keySize)
		}
		made, err := newKey(secret)
		if err != nil {
			return nil, err
		}
		k.keys = append(k.keys, made)
	}
	return k, nil
}

func newKey(secret []byte) (key, error) {
	derived := sha256.Sum256(append([]byte("tandem seal key\x00"), secret...))
	block, err := aes.NewCipher(derived[:])
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, err
	}
	name := sha256.Sum256(append([]byte("tandem seal id\x00"), secret...))
	mac := sha256.Sum256(append([]byte("tandem sign key\x00"), secret...))
	return key{id: [idSize]byte(name[:idSize]), aead: aead, mac: mac[:]}, nil
}

// Seal returns a token of text, URL-safe, that opens only with the same bound.
func (k *Keys) Seal(text, bound []byte) string {
	first := k.keys[0]
	token := first.aead.Seal(first.id[:], nil, text, bound)
	return base64.RawURLEncoding.EncodeToString(token)
}

// Open returns the text of a token. Its error is ErrRefused, whatever is wrong.
func (k *Keys) Open(token string, bound []byte) ([]byte, error) {
	if strings.ContainsAny(token, "\r\n") { // which the decoder skips
		return nil, ErrRefused
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < idSize {
		return nil, ErrRefused
	}
	for _, candidate := range k.keys {
		if candidate.id != [idSize]byte(raw[:idSize]) {
			continue
		}
		if text, err := candidate.aead.Open(nil, nil, raw[idSize:], bound); err == nil {
			return text, nil
		}
	}
	return nil, ErrRefused
}
