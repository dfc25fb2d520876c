// Package giturl reads the addresses of Git repositories as people write them, and
// holds them to what this product can talk to: http, https, ssh and file URLs, and
// the short ssh form user@host:path. No message of it repeats the text of a refused
// address, since that may hold a password.
package giturl

import (
	"errors"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// ErrCredentials says that an address holds credentials.
var ErrCredentials = errors.New("the repository's URL holds credentials (hint: give them by configuration, URLs end up in logs)")

// DefaultSSHPort is the port of an ssh address that names none.
const DefaultSSHPort = "22"

// Parse validates an address. The short form user@host:path becomes an ssh URL whose
// Path begins without a slash, since the host takes such a path from the user's own
// folder; every other Path is absolute. Only ssh URLs keep a user, and none a password.
func Parse(text string) (*url.URL, error) {
	if short, ok := parseShort(text); ok {
		return short, checkSSH(short)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("the repository's URL can't be parsed (hint: https://host/owner/name.git)")
	}
	if err := checkCredentials(u); err != nil {
		return nil, err
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	u.Host = strings.ToLower(u.Host)
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return nil, errors.New("the repository's URL has no host")
		}
		if u.Path == "" {
			return nil, errors.New("the repository's URL has no path")
		}
		if strings.ContainsAny(u.Path, "%?#") { // go-git forgets what was escaped, and would ask for another path
			return nil, errors.New("the repository's URL has an escaped %, ? or # in its path, which isn't supported")
		}
	case "ssh":
		if err := checkSSH(u); err != nil {
			return nil, err
		}
	case "file":
		if u.Host != "" || !path.IsAbs(u.Path) {
			return nil, errors.New("a file URL needs an absolute path, such as file:///srv/git/deploy.git")
		}
	default:
		return nil, errors.New("the URL's scheme isn't supported (hint: https, ssh, http or file)") // TOKEN:x@host has one, too
	}
	if u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, errors.New("the repository's URL has a query or a fragment")
	}
	return u, nil
}

// checkCredentials refuses passwords everywhere and users where they aren't part of
// the address: a token is often given in a user's place.
func checkCredentials(u *url.URL) error {
	_, password := u.User.Password()
	if u.User != nil && (u.Scheme != "ssh" || password) {
		return ErrCredentials
	}
	return nil
}

// parseShort reads user@host:path. A host without a user isn't taken for it: that
// could as well be a scheme or a drive.
func parseShort(text string) (*url.URL, bool) {
	user, rest, ok := strings.Cut(text, "@")
	if !ok || user == "" || strings.ContainsAny(user, ":/") {
		return nil, false
	}
	host, file, ok := strings.Cut(rest, ":")
	if strings.HasPrefix(rest, "[") { // an IPv6 address
		host, file, ok = strings.Cut(rest, "]:")
		host += "]"
	}
	if !ok || host == "" || strings.Contains(host, "/") {
		return nil, false
	}
	return &url.URL{
		Scheme: "ssh", User: url.User(user), Host: strings.ToLower(host), Path: strings.TrimRight(file, "/"),
	}, true
}

// checkSSH keeps what reaches the host's shell or its argument list harmless.
func checkSSH(u *url.URL) error {
	port, err := strconv.Atoi(SSHPort(u))
	switch {
	case u.Hostname() == "":
		return errors.New("the repository's URL has no host")
	case strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-"):
		return errors.New("the repository's URL has a host or user that begins with a dash")
	case err != nil || port < 1 || port > 65535:
		return errors.New("the repository's URL has a port that isn't one")
	case strings.Trim(u.Path, "/") == "" || strings.HasPrefix(u.Path, "-"):
		return errors.New("the repository's URL has no path that could be a repository's")
	case strings.ContainsFunc(u.Path+u.Hostname()+u.User.Username(), isControl) || strings.ContainsAny(u.Hostname(), " \t@"):
		return errors.New("the repository's URL holds characters that no address has")
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// SSHPort gives the port of an ssh address, the default one where it names none.
func SSHPort(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return DefaultSSHPort
}

// SSHPath gives the path as the host's Git wants it: ~user at its beginning stands
// without the slash before it.
func SSHPath(u *url.URL) string {
	if strings.HasPrefix(u.Path, "/~") {
		return u.Path[1:]
	}
	return u.Path
}
