package registrytest

import (
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// auth holds the tokens that were given out, each for one scope.
type auth struct {
	mu     sync.Mutex
	tokens map[string]string // token → scope
}

// ExpireTokens makes every token given out so far invalid, as time would.
func (s *Server) ExpireTokens() {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	clear(s.auth.tokens)
}

// SetPassword changes the password that is asked for from now on.
func (s *Server) SetPassword(password string) {
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	s.options.Password = password
}

func (s *Server) allowed(r *http.Request) bool {
	if !s.options.Token {
		return s.options.Username == "" || s.credentialsFit(r)
	}
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return false
	}
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	scope, known := s.auth.tokens[token]
	repository := repositoryOf(r.URL.Path)
	return known && (repository == "" || strings.HasPrefix(scope, "repository:"+repository+":"))
}

func (s *Server) credentialsFit(r *http.Request) bool {
	username, password, _ := r.BasicAuth()
	s.auth.mu.Lock()
	defer s.auth.mu.Unlock()
	return subtle.ConstantTimeCompare([]byte(username), []byte(s.options.Username)) == 1 &&
		subtle.ConstantTimeCompare([]byte(password), []byte(s.options.Password)) == 1
}

func (s *Server) challenge(w http.ResponseWriter, r *http.Request) {
	value := `Basic realm="registrytest"`
	if s.options.Token {
		value = `Bearer realm="` + scheme(r) + "://" + r.Host + `/token",service="registrytest"`
		if repository := repositoryOf(r.URL.Path); repository != "" {
			value += `,scope="repository:` + repository + `:pull"`
		}
	}
	w.Header().Set("WWW-Authenticate", value)
	refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}

// serveToken follows the token specification of the distribution project.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if s.options.Username != "" && !s.credentialsFit(r) {
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "wrong username or password")
		return
	}
	token := rand.Text()
	s.auth.mu.Lock()
	s.auth.tokens[token] = r.URL.Query().Get("scope")
	s.auth.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"token": token, "expires_in": 300})
}
