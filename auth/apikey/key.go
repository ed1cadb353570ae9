package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// Prefix is how every key begins.
const Prefix = "tdm_"

const (
	idAlphabet     = "abcdefghijklmnopqrstuvwxyz234567"
	secretAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	idLength       = 10
	randomLength   = 32 // of 62 characters each: 190 bits
	checksumLength = 6  // 62^6 > 2^32
	keyLength      = len(Prefix) + idLength + 1 + randomLength + checksumLength
)

var (
	idBytes     = charsetOf(idAlphabet)
	secretBytes = charsetOf(secretAlphabet)
)

var (
	errOtherKind = fmt.Errorf("it does not begin with %s: %w", Prefix, auth.ErrOtherKind)
	errForm      = errors.New("it is no whole API key: too long, too short, or with other characters than keys have")
	errChecksum  = errors.New("its checksum is wrong: the API key has a typo, or is made up")
)

// newKey returns a random key and its ID.
func newKey() (key tandem.Secret, id string) {
	id = randomText(idLength, idAlphabet)
	return assemble(id, randomText(randomLength, secretAlphabet)), id
}

func assemble(id, random string) tandem.Secret {
	body := Prefix + id + "_" + random
	sum := checksum([]byte(body))
	return tandem.Secret(body + string(sum[:]))
}

// randomText returns characters of the alphabet, each equally likely.
func randomText(length int, alphabet string) string {
	fair := 256 - 256%len(alphabet) // bytes from here on would favour the first characters
	text := make([]byte, 0, length)
	var random [64]byte
	for {
		_, _ = rand.Read(random[:]) // it never fails
		for _, b := range random {
			if len(text) == length {
				return string(text)
			}
			if int(b) < fair {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
}

// checksum returns the CRC-32 of what comes before it in a key.
func checksum(body []byte) (text [checksumLength]byte) {
	sum := crc32.ChecksumIEEE(body)
	for i := checksumLength - 1; i >= 0; i-- {
		text[i] = secretAlphabet[sum%uint32(len(secretAlphabet))]
		sum /= uint32(len(secretAlphabet))
	}
	return text
}

// idOf returns the ID in a token. Nothing that it looks at is secret: whoever can
// make up a token can work out the same.
func idOf(token string) (id string, err error) {
	rest, ok := strings.CutPrefix(token, Prefix)
	if !ok {
		return "", errOtherKind
	}
	id, secret, ok := strings.Cut(rest, "_")
	if !ok || len(token) != keyLength || len(id) != idLength || !idBytes.has(id) || !secretBytes.has(secret) {
		return "", errForm
	}
	body := len(token) - checksumLength
	if sum := checksum([]byte(token[:body])); string(sum[:]) != token[body:] {
		return "", errChecksum
	}
	return id, nil
}

// charset says which bytes are in it, by one look-up each, so that the time of
// looking at a token depends on its length alone.
type charset [256]byte

func charsetOf(alphabet string) (set charset) {
	for _, c := range []byte(alphabet) {
		set[c] = 1
	}
	return set
}

func (set *charset) has(s string) bool {
	all := byte(1)
	for i := range len(s) {
		all &= set[s[i]]
	}
	return all == 1
}

// Digest stands for a key where it is kept.
type Digest [sha256.Size]byte

func digestOf(token string) Digest { return sha256.Sum256([]byte(token)) }

// IDOf returns the ID in a whole key, and whether it is one by its form and its
// checksum.
func IDOf(key string) (id string, ok bool) {
	id, err := idOf(key)
	return id, err == nil
}
