package gitsign

import (
	"fmt"
	"sync"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// FileConfig says where a key stands.
type FileConfig struct {
	// Format, Email and Now are Config's.
	Format Format
	Email  string
	Now    func() time.Time
	// KeyFile holds the private key. Required.
	KeyFile string
	// PassphraseFile holds its passphrase. Default: none, for a key that isn't encrypted.
	PassphraseFile string
}

// File is the key that stands in a file now: another one that is put there, as when a
// mounted Secret changes, is used from then on. It is safe for concurrent use.
type File struct {
	cfg FileConfig

	mu               sync.Mutex
	key              *Key
	text, passphrase secret.String // what key was made of
}

// OpenFile reads the key, so that one that can't sign is found out at once.
func OpenFile(cfg FileConfig) (*File, error) {
	f := &File{cfg: cfg}
	if _, err := f.Key(); err != nil {
		return nil, err
	}
	return f, nil
}

// Key reads the key, anew where the files have changed.
func (f *File) Key() (*Key, error) {
	text, err := ReadKey(f.cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the signing key: %w", err)
	}
	var passphrase secret.String
	if f.cfg.PassphraseFile != "" {
		if passphrase, err = ReadPassphrase(f.cfg.PassphraseFile); err != nil {
			return nil, fmt.Errorf("reading the signing key's passphrase: %w", err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key != nil && f.text == text && f.passphrase == passphrase {
		return f.key, nil
	}
	key, err := New(Config{Format: f.cfg.Format, Key: text, Passphrase: passphrase, Email: f.cfg.Email, Now: f.cfg.Now})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.cfg.KeyFile, err)
	}
	f.key, f.text, f.passphrase = key, text, passphrase
	return key, nil
}

// Sign is Key.Sign with the key as it is now.
func (f *File) Sign(payload []byte) ([]byte, error) {
	key, err := f.Key()
	if err != nil {
		return nil, err
	}
	return key.Sign(payload)
}

// Verify is Key.Verify with the key as it is now.
func (f *File) Verify(payload, signature []byte) error {
	key, err := f.Key()
	if err != nil {
		return err
	}
	return key.Verify(payload, signature)
}
