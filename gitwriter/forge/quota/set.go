package quota

import "sync"

// Key says whose quota it is. No field is secret: Credential is a name of the
// credential, such as the file that it is read from.
type Key struct {
	Forge      string // the kind, such as "github"
	Host       string
	Credential string
}

// Set gives each host and credential its quota. Its methods may be called
// concurrently.
type Set struct {
	config func(Key) Config

	mu    sync.Mutex
	known map[Key]*Quota
}

// NewSet makes an empty set. The function describes a quota that is asked for the
// first time.
func NewSet(config func(Key) Config) *Set {
	return &Set{config: config, known: map[Key]*Quota{}}
}

// For gives the quota of a key, the same one each time.
func (s *Set) For(key Key) *Quota {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.known[key]
	if q == nil {
		q = New(s.config(key))
		s.known[key] = q
	}
	return q
}
