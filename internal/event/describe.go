package event

import (
	"fmt"
	"log/slog"
)

// Name implements Event.
func (RoundFinished) Name() string { return "round" }

// Level implements Event: a round is routine.
func (RoundFinished) Level() slog.Level { return slog.LevelDebug }

// Message implements Event.
func (RoundFinished) Message() string { return "round finished" }

// Attrs implements Event.
func (e RoundFinished) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.Int("policies", e.Policies),
		slog.Int("updates", e.Updates), slog.Float64("seconds", e.Seconds)}
}

// Name implements Event.
func (TagChosen) Name() string { return "tag" }

// Level implements Event.
func (TagChosen) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e TagChosen) Message() string { return fmt.Sprintf("%s: %s → %s", e.Image, e.From, e.To) }

// Attrs implements Event.
func (e TagChosen) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.String("policy", e.Policy),
		slog.String("image", e.Image), slog.String("from", e.From), slog.String("to", e.To), slog.String("reason", e.Reason)}
}

// Name implements Event.
func (PullRequest) Name() string { return "pull_request" }

// Level implements Event: what stays as it was is told only to those who ask.
func (e PullRequest) Level() slog.Level {
	if e.Again || e.Action == "unchanged" || e.Action == "nothing" {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// Message implements Event.
func (e PullRequest) Message() string {
	what := "the update of " + e.Group
	if e.Number > 0 {
		what = fmt.Sprintf("pull request #%d of %s", e.Number, e.Group)
	}
	switch e.Action {
	case "created":
		return "opened " + what
	case "updated", "closed", "merged", "committed", "pushed":
		return e.Action + " " + what
	case "unchanged":
		return what + " is as it should be"
	case "closed-by-person":
		return what + " was closed by a person"
	case "frozen":
		return what + " is left to people"
	case "waiting":
		return what + " waits"
	case "held":
		return what + " is held"
	case "deleted":
		return "deleted the branch " + e.Branch
	}
	return what + ": " + e.Action
}

// Attrs implements Event.
func (e PullRequest) Attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("repository", e.Repository), slog.String("group", e.Group), slog.String("branch", e.Branch),
		slog.String("action", e.Action), slog.String("reason", e.Reason), slog.Int("changes", e.Changes)}
	if e.Number > 0 {
		attrs = append(attrs, slog.Int("number", e.Number), slog.String("url", e.URL))
	}
	return attrs
}

// Name implements Event.
func (Failed) Name() string { return "failed" }

// Level implements Event.
func (Failed) Level() slog.Level { return slog.LevelError }

// Message implements Event.
func (e Failed) Message() string { return e.Err.Error() }

// Attrs implements Event.
func (e Failed) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.String("subject", e.Subject), slog.Int("times", e.Times)}
}

// Name implements Event.
func (Recovered) Name() string { return "recovered" }

// Level implements Event.
func (Recovered) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e Recovered) Message() string { return e.Subject + " works again" }

// Attrs implements Event.
func (e Recovered) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.String("subject", e.Subject), slog.Int("times", e.Times)}
}

// Name implements Event.
func (Problem) Name() string { return "problem" }

// Level implements Event.
func (Problem) Level() slog.Level { return slog.LevelWarn }

// Message implements Event.
func (e Problem) Message() string { return e.Text }

// Attrs implements Event.
func (e Problem) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.String("place", e.Place), slog.String("hint", e.Hint)}
}

// Name implements Event.
func (Held) Name() string { return "held" }

// Level implements Event.
func (Held) Level() slog.Level { return slog.LevelInfo }

// Message implements Event.
func (e Held) Message() string {
	return fmt.Sprintf("%s %s is held back: %s moved it to %s", e.Image, e.Tag, e.Author, e.Current)
}

// Attrs implements Event.
func (e Held) Attrs() []slog.Attr {
	return []slog.Attr{slog.String("repository", e.Repository), slog.String("policy", e.Policy), slog.String("image", e.Image),
		slog.String("current", e.Current), slog.String("tag", e.Tag), slog.String("author", e.Author),
		slog.String("commit", e.Commit), slog.Time("since", e.Since)}
}
