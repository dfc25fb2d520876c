package gitwriter

import (
	"net/url"
	"strings"
)

// The names of the hidden comments.
const (
	hiddenKey      = "key"
	hiddenVersions = "versions"
	hiddenGroup    = "group"
	hiddenScope    = "scope"
	hiddenClosed   = "closed" // why we closed it: it isn't a person's word
)

// hidden is what a later run reads back. Values are URL-escaped, so that nothing in
// them can end the comment or pose as another one.
func hidden(d bodyData, all []move) string {
	var versions strings.Builder
	for i, m := range all {
		next := "&" + url.QueryEscape(m.Image) + "=" + url.QueryEscape(version(m.Change))
		if i == maxMoves || versions.Len()+len(next) > maxHidden {
			break
		}
		versions.WriteString(next)
	}
	text := hide(hiddenKey, d.key) + hide(hiddenVersions, strings.TrimPrefix(versions.String(), "&"))
	for _, each := range []struct{ name, value string }{{hiddenGroup, d.group}, {hiddenScope, d.scope}} {
		if value := url.QueryEscape(each.value); value != "" && len(value) <= maxHiddenName {
			text += hide(each.name, value)
		}
	}
	return text
}

// maxHiddenName bounds a group's and a scope's comment in bytes: half a name is of no
// use, so a longer one is left out.
const maxHiddenName = 2000

// hide writes a comment that is read back; the value is escaped already. URL-escaping
// leaves the minus, of which two may end a comment, and one makes GH-12.
func hide(name, value string) string {
	return "<!-- towline-" + name + ": " + strings.ReplaceAll(value, "-", "%2D") + " -->\n"
}

// hiddenOf finds a hidden comment in a pull request's body; "" where there is none. Ours
// stand at the end, so the last one is it.
func hiddenOf(body, name string) string {
	begin, rest := "<!-- towline-"+name+": ", body
	for {
		at := strings.LastIndex(rest, begin)
		if at < 0 {
			return ""
		}
		rest = body[:at]
		line, _, _ := strings.Cut(body[at+len(begin):], "\n")
		value, whole := strings.CutSuffix(strings.TrimSuffix(line, "\r"), " -->")
		if whole && value != "" && !strings.ContainsAny(value, " \t\f\r") && (at == 0 || body[at-1] == '\n') {
			return value
		}
	}
}

// bodyKey finds the key in a pull request's body; "" where there is none.
func bodyKey(body string) string {
	key := hiddenOf(body, hiddenKey)
	if len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		return ""
	}
	return key
}

// bodyText finds the group, the scope or why we closed it; "" where there is none.
func bodyText(body, name string) string {
	text, err := url.QueryUnescape(hiddenOf(body, name))
	if err != nil {
		return "" // a person edited it
	}
	return text
}

// bodyVersions finds which version of each image a pull request's body proposes.
func bodyVersions(body string) map[string]string {
	found := hiddenOf(body, hiddenVersions)
	values, err := url.ParseQuery(found)
	if err != nil || found == "" {
		return nil // a person edited it
	}
	versions := map[string]string{}
	for image, version := range values {
		versions[image] = version[0]
	}
	return versions
}
