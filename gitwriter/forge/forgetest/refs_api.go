package forgetest

import (
	"net/http"
	"strings"
)

func (l links) ref(r *Repo, name string) object {
	sha := r.refs[name]
	kind, err := r.s.git.Run(r.dir, nil, "cat-file", "-t", sha)
	if err != nil {
		kind = "commit"
	}
	return object{
		"ref": name, "node_id": "REF_" + name, "url": l.api(r, "/git/", name),
		"object": object{"type": kind, "sha": sha, "url": l.api(r, "/git/", kind, "s/", sha)},
	}
}

func getRef(c *call) (answer, error) {
	name := "refs/" + c.r.PathValue("ref")
	if c.repo.refs[name] == "" {
		return answer{}, notFound()
	}
	return answer{body: c.links().ref(c.repo, name)}, nil
}

func createRef(c *call) (answer, error) {
	var in struct{ Ref, SHA string }
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	refuse := func(message string) (answer, error) {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: message}
	}
	switch {
	case !c.repo.wellFormed(in.Ref):
		return refuse("Reference name must start with 'refs/' and contain at least two slashes")
	case c.repo.refs[in.Ref] != "":
		return refuse("Reference already exists")
	case !isHash(in.SHA) || c.repo.resolve(in.SHA) == "":
		return refuse("Object does not exist")
	}
	if err := c.repo.bare.UpdateRef(in.Ref, in.SHA, ""); err != nil {
		return refuse("Reference could not be created")
	}
	c.repo.refresh(c.user)
	return answer{status: http.StatusCreated, body: c.links().ref(c.repo, in.Ref)}, nil
}

// wellFormed tells whether a full name is one that people may write to.
func (r *Repo) wellFormed(name string) bool {
	if !strings.HasPrefix(name, "refs/heads/") && !strings.HasPrefix(name, "refs/tags/") {
		return false
	}
	_, err := r.s.git.Run(r.dir, nil, "check-ref-format", name)
	return err == nil
}

func updateRef(c *call) (answer, error) {
	var in struct {
		SHA   string
		Force bool
	}
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	name := "refs/" + c.r.PathValue("ref")
	old := c.repo.refs[name]
	refuse := func(message string) (answer, error) {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: message}
	}
	switch {
	case old == "":
		return refuse("Reference does not exist")
	case !isHash(in.SHA) || c.repo.resolve(in.SHA) == "":
		return refuse("Object does not exist")
	case !in.Force && !c.repo.bare.Contains(in.SHA, old):
		return refuse("Update is not a fast forward")
	}
	if err := c.repo.bare.UpdateRef(name, in.SHA, old); err != nil {
		return refuse("Reference cannot be updated")
	}
	c.repo.refresh(c.user)
	return answer{body: c.links().ref(c.repo, name)}, nil
}

func deleteRef(c *call) (answer, error) {
	name := "refs/" + c.r.PathValue("ref")
	old := c.repo.refs[name]
	if old == "" || name == "refs/heads/"+defaultBranch {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "Reference does not exist"}
	}
	if _, err := c.repo.s.git.Run(c.repo.dir, nil, "update-ref", "-d", name, old); err != nil {
		return answer{}, &apiError{status: http.StatusUnprocessableEntity, message: "Reference cannot be deleted"}
	}
	c.repo.refresh(c.user)
	return answer{status: http.StatusNoContent}, nil
}
