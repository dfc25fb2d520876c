package forgetest

import (
	"crypto/rsa"
	"log/slog"
	"net/http"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// Config describes a server.
type Config struct {
	// Dir holds the repositories, OWNER/NAME.git each. It must exist.
	Dir string
	// BaseURL is the address under which clients reach the server, without a
	// final slash. "" takes it from each request's Host, which leaves webhooks
	// without links; see SetBaseURL.
	BaseURL string
	// Users may sign in. Without any, all that writes is refused.
	Users []User
	// Apps may fetch installation tokens.
	Apps []App
	// Webhooks are told of events in every repository; see also AddWebhook.
	Webhooks []Webhook
	// WebhookTimeout bounds one delivery; 0 means 5 seconds.
	WebhookTimeout time.Duration
	// WebhookTries is how often a delivery is tried, with pauses of 100 ms,
	// 200 ms and so on; 0 means 5. (GitHub tries once; people press a button.)
	WebhookTries int
	// MaxPerPage is the most that a page of a list holds, whatever per_page asks
	// for; 0 means GitHub's 100.
	MaxPerPage int
	// PageUser is the login under which the pages' merge button merges; "" means
	// the first user with write permission. Without one there is no button.
	PageUser string
	// OnRequest sees every request before it is served; nil means nobody does.
	OnRequest func(*http.Request)
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Log is told of requests at debug level, of lost webhooks at warning level;
	// nil means silence.
	Log *slog.Logger
}

// Permission is what a user may do, in every repository.
type Permission int

// The permissions, each including the ones before. Without any, a user sees what
// is public.
const (
	PermissionNone Permission = iota
	PermissionRead
	PermissionWrite
	PermissionAdmin
)

// User is a person or a bot with a token, which serves for the API and, as the
// password with any user name, for Git.
type User struct {
	Login      string
	Token      secret.String
	Permission Permission
	Email      string // "" means LOGIN@users.noreply.localhost
}

func (u *User) email() string {
	if u.Email != "" {
		return u.Email
	}
	return u.Login + "@users.noreply.localhost"
}

// App is a GitHub App installed for all repositories. Its tokens may write.
type App struct {
	ID             int64
	InstallationID int64
	Slug           string         // its tokens act as SLUG[bot]
	Key            *rsa.PublicKey // checks the JSON Web Token that the App signs
}

// Webhook is told of events.
type Webhook struct {
	URL    string
	Secret secret.String // signs X-Hub-Signature-256; zero leaves the header out
	Events []string      // "push", "pull_request", "issues", "issue_comment" and so on; none means all
}
