package gitlabtest

import (
	"log/slog"
	"time"

	"github.com/towline-dev/towline/internal/secret"
)

// Config describes a server.
type Config struct {
	// Dir holds the repositories, GROUP/.../PROJECT.git each. It must exist.
	Dir string
	// Users may sign in, and are members of every project at their level.
	Users []User
	// MaxPerPage is the most that a page of a list holds, whatever per_page asks
	// for; 0 means GitLab's 100.
	MaxPerPage int
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// Log is told of requests at debug level; nil means silence.
	Log *slog.Logger
}

// Level is an access level in all projects, with GitLab's numbers.
type Level int

// The access levels. Whoever has none sees what is public.
const (
	LevelNone       Level = 0
	LevelGuest      Level = 10
	LevelReporter   Level = 20
	LevelDeveloper  Level = 30
	LevelMaintainer Level = 40
	LevelOwner      Level = 50
)

// User is a person or a bot with a token, which serves for the API and, as the
// password with any user name, for Git.
type User struct {
	Username string
	Token    secret.String
	Level    Level
}

// user is a User with the number that the server gave.
type user struct {
	User
	id int
}

func (u *user) email() string { return u.Username + "@users.noreply.localhost" }
