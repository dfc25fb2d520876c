package edit

import "strings"

// maxTag and maxName are the limits of the OCI distribution specification.
const (
	maxTag  = 128
	maxName = 255
)

// imageName is an image string taken apart; every part is as it was written.
type imageName struct {
	name, tag, digest string
}

func (n imageName) String() string {
	s := n.name
	if n.tag != "" {
		s += ":" + n.tag
	}
	if n.digest != "" {
		s += "@" + n.digest
	}
	return s
}

// splitImage takes an image string apart by the grammar of
// distribution/reference: [host[:port]/]path[:tag][@digest]. Anything else,
// templates and URLs among it, gives false.
func splitImage(s string) (imageName, bool) {
	var n imageName
	rest := s
	if i := strings.IndexByte(rest, '@'); i >= 0 {
		n.digest, rest = rest[i+1:], rest[:i]
		if !validDigest(n.digest) {
			return imageName{}, false
		}
	}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		n.tag, rest = rest[i+1:], rest[:i]
		if !validTag(n.tag) {
			return imageName{}, false
		}
	}
	n.name = rest
	return n, validName(rest)
}

// SameImage tells whether two image names mean the same repository after
// Docker's normalisation: nginx, docker.io/nginx, docker.io/library/nginx and
// index.docker.io/library/nginx are one, and so is registry-1.docker.io/library/nginx,
// as charts at Docker Hub are mostly named. Tags and digests are not looked at.
// Hosts compare without case; the same path at another registry is another image.
func SameImage(a, b string) bool {
	na, okA := splitImage(a)
	nb, okB := splitImage(b)
	if !okA || !okB {
		return a == b
	}
	hostA, pathA := normalise(na.name)
	hostB, pathB := normalise(nb.name)
	return hostA == hostB && pathA == pathB
}

// CanonicalImage gives an image name the one spelling that it shares with every name
// that SameImage takes for the same, without tag and digest. What isn't an image's
// name is its own.
func CanonicalImage(image string) string {
	n, ok := splitImage(image)
	if !ok {
		return image
	}
	host, path := normalise(n.name)
	return host + "/" + path
}

// normalise returns the registry's host in lower case and the full path. Docker Hub
// is also known by the host that serves its images, where library/ isn't implied.
func normalise(name string) (host, path string) {
	host, path = splitHost(name)
	host = strings.ToLower(host)
	if host == "registry-1.docker.io" {
		return "docker.io", path
	}
	if host == "" || host == "index.docker.io" {
		host = "docker.io"
	}
	if host == "docker.io" && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return host, path
}

// splitHost cuts the registry off a name. The first component is a host when it
// can't be a path: it has a dot, a port or an upper-case letter, or is localhost.
func splitHost(name string) (host, path string) {
	first, rest, found := strings.Cut(name, "/")
	if !found {
		return "", name
	}
	if first == "localhost" || strings.ContainsAny(first, ".:") || strings.ToLower(first) != first {
		return first, rest
	}
	return "", name
}

func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	host, path := splitHost(name)
	if host != "" && !validHost(host) {
		return false
	}
	for part := range strings.SplitSeq(path, "/") {
		if !validPathPart(part) {
			return false
		}
	}
	return true
}

// validHost accepts names, addresses and [IPv6] with an optional port.
func validHost(host string) bool {
	if strings.HasPrefix(host, "[") {
		i := strings.IndexByte(host, ']')
		if i < 3 || strings.Trim(host[1:i], "0123456789abcdefABCDEF:.") != "" {
			return false
		}
		rest := host[i+1:]
		return rest == "" || (rest[0] == ':' && isDigits(rest[1:]))
	}
	domain, port, hasPort := strings.Cut(host, ":")
	if hasPort && !isDigits(port) {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlnum(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

// validPathPart checks [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*.
func validPathPart(part string) bool {
	for i := 0; ; {
		start := i
		for i < len(part) && (isLower(part[i]) || isDigit(part[i])) {
			i++
		}
		if i == start {
			return false
		}
		if i == len(part) {
			return true
		}
		switch part[i] {
		case '.':
			i++
		case '_':
			i++
			if i < len(part) && part[i] == '_' {
				i++
			}
		case '-':
			for i < len(part) && part[i] == '-' {
				i++
			}
		default:
			return false
		}
	}
}

// validTag checks [A-Za-z0-9_][A-Za-z0-9._-]{0,127}.
func validTag(tag string) bool {
	if tag == "" || len(tag) > maxTag || tag[0] == '.' || tag[0] == '-' {
		return false
	}
	for i := range len(tag) {
		if c := tag[i]; !isAlnum(c) && c != '_' && c != '.' && c != '-' {
			return false
		}
	}
	return true
}

// validDigest checks algorithm:hex as distribution/reference does.
func validDigest(digest string) bool {
	algorithm, sum, found := strings.Cut(digest, ":")
	if !found || len(sum) < 32 || len(sum) > maxTag || strings.Trim(sum, "0123456789abcdefABCDEF") != "" {
		return false
	}
	start := true
	for i := range len(algorithm) {
		c := algorithm[i]
		switch {
		case isLower(c) || c >= 'A' && c <= 'Z':
			start = false
		case isDigit(c):
			if start {
				return false
			}
		case strings.IndexByte("+._-", c) >= 0:
			if start {
				return false
			}
			start = true
		default:
			return false
		}
	}
	return !start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isLower(c) || c >= 'A' && c <= 'Z' }

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
