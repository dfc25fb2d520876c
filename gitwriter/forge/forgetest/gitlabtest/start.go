package gitlabtest

import (
	"net/http/httptest"
	"testing"

	"github.com/towline-dev/towline/internal/secret"
)

// Token is the token of the user "towline-bot" whom Start lets write.
const Token = "gitlabtest-token-of-the-bot"

// Start runs a server for the length of a test. Without a directory it takes a
// temporary one; without users it knows "towline-bot" (Token) and "alice", who are
// Developers, "olga", an Owner, and "mallory", a Reporter; the tokens of the three are
// "alice-token" and so on.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	if config.Dir == "" {
		config.Dir = tb.TempDir()
	}
	if config.Users == nil {
		config.Users = []User{
			{Username: "towline-bot", Token: secret.New(Token), Level: LevelDeveloper},
			{Username: "alice", Token: secret.New("alice-token"), Level: LevelDeveloper},
			{Username: "olga", Token: secret.New("olga-token"), Level: LevelOwner},
			{Username: "mallory", Token: secret.New("mallory-token"), Level: LevelReporter},
		}
	}
	server, err := NewServer(config)
	if err != nil {
		tb.Fatal(err)
	}
	listener := httptest.NewServer(server)
	server.mu.Lock()
	server.base = listener.URL
	server.mu.Unlock()
	tb.Cleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return server
}

// URL is the server's address, without a slash at its end; it needs Start.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.base
}
