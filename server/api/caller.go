package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"okey/okey"
	"okey/server/act"
	"okey/sql"

	"github.com/gin-gonic/gin"
)

// callerKey is where the middleware leaves whom a token stands for.
const callerKey = "okey.caller"

// caller is whoever calls the API: a person, or a service with a scope (Actor is empty then).
type caller struct {
	okey.Actor
	service string
}

// reach is how far the caller's lists go: a service with the scope sees all.
func (c caller) reach() sql.Reach {
	if c.service != "" {
		return sql.Reach{All: true}
	}
	return act.Reach(c.Actor)
}

func callerOf(c *gin.Context) caller {
	who, _ := c.MustGet(callerKey).(caller)
	return who
}

// bearer lets people through, and services that have the scope.
func (s *API) bearer(scope string) gin.HandlerFunc {
	return failing(func(c *gin.Context) error {
		who, err := s.identify(c, scope)
		if err != nil {
			return err
		}
		c.Set(callerKey, who)
		return nil
	})
}

func (s *API) identify(c *gin.Context, scope string) (caller, error) {
	ctx := c.Request.Context()
	kind, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || strings.TrimSpace(token) == "" {
		return caller{}, okey.Errorf(okey.CodeUnauthorized,
			"Donnez un jeton : en-tête Authorization: Bearer, suivi de ce qu'affiche « okey token ».")
	}
	soon, cancel := context.WithTimeout(ctx, sql.FirstPatience)
	defer cancel()
	bearer, err := s.store.Bearer(soon, strings.TrimSpace(token), time.Now())
	if err != nil {
		return caller{}, err
	}
	if bearer.Service == "" {
		actor, err := s.store.Actor(ctx, bearer.Person)
		return caller{Actor: actor}, err
	}
	if scope == "" || !slices.Contains(bearer.Scopes, scope) {
		return caller{}, okey.Errorf(okey.CodeForbidden, "Ce jeton de service n'ouvre pas cette partie de l'API.")
	}
	return caller{service: bearer.Service}, nil
}
