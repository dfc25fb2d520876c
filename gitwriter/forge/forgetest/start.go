package forgetest

import (
	"net/http/httptest"
	"testing"

	"github.com/towline-dev/towline/internal/secret"
)

// Token is the token of the user "towline-bot" whom Start lets write.
const Token = "forgetest-token-of-the-bot"

// Start runs a server for the length of a test. Without a directory it takes a
// temporary one; without users it knows "towline-bot" (Token), who may write, and
// "alice", "olga" and "mallory", with tokens such as "alice-token", of whom alice may
// write, olga do anything, and mallory only read.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	if config.Dir == "" {
		config.Dir = tb.TempDir()
	}
	if config.Users == nil {
		config.Users = []User{
			{Login: "towline-bot", Token: secret.New(Token), Permission: PermissionWrite},
			{Login: "alice", Token: secret.New("alice-token"), Permission: PermissionWrite},
			{Login: "olga", Token: secret.New("olga-token"), Permission: PermissionAdmin},
			{Login: "mallory", Token: secret.New("mallory-token"), Permission: PermissionRead},
		}
	}
	server, err := NewServer(config)
	if err != nil {
		tb.Fatal(err)
	}
	listener := httptest.NewServer(server)
	server.SetBaseURL(listener.URL)
	tb.Cleanup(func() {
		server.Close()
		listener.CloseClientConnections()
		listener.Close()
	})
	return server
}

// BaseURL is the address that was configured or set.
func (s *Server) BaseURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address(nil)
}
