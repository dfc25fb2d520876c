package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/towline-dev/towline/internal/gitrepo/packfile"
)

// What callers branch on, by errors.Is.
var (
	// ErrAuth: the remote wants other credentials, or doesn't allow this.
	ErrAuth = errors.New("not authorized")
	// ErrRepositoryNotFound: no such repository, or the forge hides it from us.
	ErrRepositoryNotFound = errors.New("repository not found")
	// ErrEmptyRepository: the repository has no commit yet.
	ErrEmptyRepository = errors.New("the repository is empty")
	// ErrBranchNotFound: the repository has commits, but not this branch.
	ErrBranchNotFound = errors.New("branch not found")
	// ErrTagNotFound: the repository has no tag of that name.
	ErrTagNotFound = errors.New("tag not found")
	// ErrNoTagInRange: none of the repository's tags is a version of the range.
	ErrNoTagInRange = errors.New("no tag is in the range")
	// ErrCommitNotFound: the remote doesn't have this commit, or doesn't give it.
	ErrCommitNotFound = errors.New("commit not found")
	// ErrRejected: the branch isn't where the push expected it; nothing was changed.
	// Fetch, build the commit again and push again.
	ErrRejected = errors.New("the branch has moved")
	// ErrRefused: the remote doesn't want this push although the branch hadn't
	// moved (a protected branch, a hook, a quota). Trying again won't help.
	ErrRefused = errors.New("the remote refuses the push")
	// ErrUnavailable: the remote or the way to it is in trouble; later may be better.
	ErrUnavailable = errors.New("the remote is unavailable")
	// ErrTooLarge: an answer, a file, a folder or a commit is larger than is allowed.
	ErrTooLarge = packfile.ErrTooLarge
	// ErrTooManyFiles: FS has listed as many entries as Config.MaxFiles allows.
	ErrTooManyFiles = errors.New("too many files")
	// ErrOutside: a path or a symbolic link leads out of the repository.
	ErrOutside = errors.New("leads out of the repository")
	// ErrHostKey: the SSH host isn't the one that known_hosts describes, or it describes
	// none of that name.
	ErrHostKey = errors.New("the host isn't trusted")
	// ErrNotFetched: the mirror doesn't hold this commit; Fetch it first.
	ErrNotFetched = errors.New("the commit isn't in the mirror")
	// ErrDamaged: the mirror on disk can't be read, or holds other bytes than it should.
	// The next Fetch makes a new one, whether the branch has moved or not.
	ErrDamaged = errors.New("the mirror is damaged")
	// ErrDiskFull: there is no room for the mirror. It stays as it was.
	ErrDiskFull = errors.New("the disk is full")
	// ErrMirrorAccess: the mirror's folder can't be read or written by us.
	ErrMirrorAccess = errors.New("no access to the mirror's folder")
	// ErrObjectFormat: the repository names its objects by SHA-256.
	ErrObjectFormat = errors.New("repositories with SHA-256 names aren't supported")
	// ErrNoChanges: the commit would record the very tree of its base.
	ErrNoChanges = errors.New("nothing would change")
)

// Error is a network operation that didn't succeed. errors.Is finds one of the
// sentinels of this package where the cause is understood.
type Error struct {
	Op         string        // such as `fetching branch "main"`
	URL        string        // the remote; never holds credentials
	Status     int           // HTTP status, 0 if none was seen
	RetryAfter time.Duration // what the remote asked for, 0 if nothing
	Kind       error         // one of the sentinels, or nil
	Err        error         // the cause
}

// Error gives operation, remote, kind and cause.
func (e *Error) Error() string {
	text := e.Op + " of " + e.URL
	if e.Kind != nil && !errors.Is(e.Err, e.Kind) {
		text += ": " + e.Kind.Error()
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return printable(text, 2000) // a remote may have had its say in it
}

// Unwrap gives kind and cause to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var all []error
	for _, err := range []error{e.Kind, e.Err} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// Temporary tells whether the same call may succeed later without anybody's doing.
func (e *Error) Temporary() bool { return errors.Is(e.Kind, ErrUnavailable) }

// statusError is an HTTP answer that isn't Git's.
type statusError struct {
	status     int
	retryAfter time.Duration
	message    string // the beginning of a plain text answer
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("HTTP status %d", e.status)
	if name := http.StatusText(e.status); name != "" {
		text += " " + name
	}
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// unwrapGoGit looks into go-git's two wrappers that have no Unwrap method.
func unwrapGoGit(err error) error {
	var unexpected *plumbing.UnexpectedError
	var permanent *plumbing.PermanentError
	switch {
	case errors.As(err, &unexpected) && unexpected.Err != nil:
		return unexpected.Err
	case errors.As(err, &permanent) && permanent.Err != nil:
		return permanent.Err
	}
	return err
}

// newError classifies what a network operation gave, by types alone. seen is what
// the transport noticed, since go-git retells some errors as text.
func newError(ctx context.Context, op string, u *url.URL, seen *observation, err error) *Error {
	err = explainFormat(unwrapGoGit(err))
	if noticed := seen.problem(); noticed != nil {
		err = noticed
	}
	e := &Error{Op: op, URL: u.String(), Err: err}
	var status *statusError
	if errors.As(err, &status) {
		e.Status, e.RetryAfter = status.status, status.retryAfter
	}
	if ctx.Err() != nil { // the caller gave up: nobody's fault
		e.Err = context.Cause(ctx)
		return e
	}
	e.Kind = kindOf(err, e.Status)
	var request *url.Error
	if errors.As(err, &request) { // its method and URL would only repeat ours
		e.Err = request.Err
	}
	return e
}

func kindOf(err error, status int) error {
	for _, kind := range []error{ErrAuth, ErrRepositoryNotFound, ErrEmptyRepository, ErrBranchNotFound, ErrTagNotFound, ErrNoTagInRange, ErrCommitNotFound, ErrRejected, ErrRefused, ErrTooLarge, ErrUnavailable} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired,
		errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed):
		return ErrAuth
	case status == http.StatusNotFound, status == http.StatusGone, errors.Is(err, transport.ErrRepositoryNotFound):
		return ErrRepositoryNotFound
	case errors.Is(err, transport.ErrEmptyRemoteRepository):
		return ErrEmptyRepository
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return ErrUnavailable
	}
	if kind, ok := kindOfDoor(err); ok {
		return kind
	}
	var token *tokenError
	if errors.As(err, &token) { // http.Client makes a network error of it, whatever it was
		if isNetwork(token.err) || isTemporary(token.err) {
			return ErrUnavailable
		}
		return ErrAuth
	}
	if isNetwork(err) {
		return ErrUnavailable
	}
	return nil
}

// retryAfter reads the header in seconds or as a date; now is passed for dates.
func retryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 && seconds < 1<<20 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
