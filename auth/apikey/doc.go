// Package apikey verifies API keys that are made for one holder each, have scopes
// and an end, and can be revoked while the service runs.
//
// A key reads tdm_ID_SECRET. Its ID is public: lists, logs and principals show it.
// Only a digest of the key is kept, in a [File] or in the service's own database
// ([SQL]). The secret has 190 random bits, so that a plain SHA-256 is as good as a
// slow function: those make guesses dear, and nobody guesses 190 bits. A checksum
// at the end tells typos, and strings that merely look like keys, from keys without
// a look-up.
//
// The regular expression of a key is tdm_[a-z2-7]{10}_[0-9A-Za-z]{38}.
package apikey
