package gitlab

import "regexp"

// GitLab carries out lines of a description or comment that start with a slash and a
// word it knows, such as "/merge" ("quick actions", docs.gitlab.com). What stands in
// release notes must not do that. A backslash before the slash is Markdown for the
// same slash, and no such line.
var (
	quickAction = regexp.MustCompile(`(?m)^([ \t]*)/([A-Za-z])`)
	disarmed    = regexp.MustCompile(`(?m)^([ \t]*)\\/([A-Za-z])`)
)

// disarm keeps a text from giving orders.
func disarm(text string) string { return quickAction.ReplaceAllString(text, `$1\/$2`) }

// arm gives back the text as it was before disarm.
func arm(text string) string { return disarmed.ReplaceAllString(text, `$1/$2`) }
