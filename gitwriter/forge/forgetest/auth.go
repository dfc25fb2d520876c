package forgetest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// user finds who makes the request: nobody (nil, true) without credentials, and
// (nil, false) when they are wrong. The caller holds the lock.
func (s *Server) user(r *http.Request) (*User, bool) {
	token := credential(r)
	if token == "" {
		return nil, r.Header.Get("Authorization") == ""
	}
	user := s.tokens[token]
	return user, user != nil
}

// credential reads the token: as the word after Bearer or token, or as basic
// authentication's password, or its user name where the password is empty.
func credential(r *http.Request) string {
	if name, password, ok := r.BasicAuth(); ok {
		if password == "" {
			return name
		}
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return strings.TrimSpace(token)
	}
	return ""
}

// installationToken trades an App's signed claim for a token that is good for an
// hour (as the documentation says; nothing here ends it).
func (s *Server) installationToken(c *call) (answer, error) {
	app := s.app(credential(c.r))
	if app == nil {
		return answer{}, &apiError{status: http.StatusUnauthorized, message: "A JSON web token could not be decoded"}
	}
	if c.r.PathValue("installation_id") != strconv.FormatInt(app.InstallationID, 10) {
		return answer{}, notFound()
	}
	raw := make([]byte, 18)
	if _, err := rand.Read(raw); err != nil {
		return answer{}, err
	}
	token := "ghs_" + hex.EncodeToString(raw)
	s.tokens[token] = &User{Login: app.Slug + "[bot]", Token: secret.New(token), Permission: PermissionWrite}
	return answer{status: http.StatusCreated, body: object{
		"token":                token,
		"expires_at":           s.now().Add(time.Hour).UTC().Format(time.RFC3339),
		"permissions":          object{"contents": "write", "metadata": "read", "pull_requests": "write", "statuses": "write"},
		"repository_selection": "all",
	}}, nil
}

// app checks a JSON Web Token (RFC 7519, RS256) and says whose it is.
func (s *Server) app(token string) *App {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct {
		Issuer  json.RawMessage `json:"iss"` // a number or a string, both are in use
		Expires float64         `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || int64(claims.Expires) < s.now().Unix() {
		return nil
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for i, app := range s.config.Apps {
		issued := strings.Trim(string(claims.Issuer), `"`) == strconv.FormatInt(app.ID, 10)
		if issued && rsa.VerifyPKCS1v15(app.Key, crypto.SHA256, digest[:], signature) == nil {
			return &s.config.Apps[i]
		}
	}
	return nil
}
