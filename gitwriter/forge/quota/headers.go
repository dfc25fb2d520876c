package quota

import (
	"net/http"
	"strconv"
	"time"
)

// Exhausted tells whether an answer says that nothing is left of the limit: by
// GitHub's and Gitea's header, or by GitLab's, which lacks the X.
func Exhausted(header http.Header) bool {
	return header.Get("X-RateLimit-Remaining") == "0" || header.Get("RateLimit-Remaining") == "0"
}

// Limited tells whether an answer refuses because of a limit.
func Limited(status int, header http.Header) bool {
	return status == http.StatusTooManyRequests ||
		status == http.StatusForbidden && (header.Get("Retry-After") != "" || Exhausted(header))
}

// RetryAfter reads from an answer how long to wait, at least a second and at most a
// day; a minute where it doesn't say. A moment is taken relative to the server's own
// clock where the answer tells it, since ours, now, may be off.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	wait := unknownWait
	after := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(after, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		wait = at.Sub(now)
	} else if reset, ok := resetOf(header); ok && Exhausted(header) {
		wait = reset.Sub(now)
	}
	return min(max(wait, minWait), maxWait)
}

// resetOf reads when the limit begins anew.
func resetOf(header http.Header) (time.Time, bool) {
	for _, key := range []string{"X-RateLimit-Reset", "RateLimit-Reset"} {
		if reset, err := strconv.ParseInt(header.Get(key), 10, 64); err == nil {
			return time.Unix(reset, 0), true
		}
	}
	return time.Time{}, false
}

func resultOf(status int, limited bool) Result {
	switch {
	case limited:
		return ResultLimited
	case status == http.StatusNotModified:
		return ResultUnchanged
	case status >= 500:
		return ResultFailed
	case status >= 400:
		return ResultRefused
	default:
		return ResultOK
	}
}
