package api

import (
	"net/http"
	"strings"
	"time"

	"okey/internal/address"
	"okey/okey"
	"okey/server/act"
	"okey/server/respond"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// orderView is an order as the API shows it.
type orderView struct {
	ID                uuid.UUID         `json:"id"`
	Number            int64             `json:"number"`
	Establishment     okey.UAI          `json:"establishment"`
	EstablishmentName string            `json:"establishment_name"`
	Quantity          int               `json:"quantity"`
	Received          int               `json:"received"`
	Comment           string            `json:"comment"`
	State             okey.OrderState   `json:"state"`
	By                *string           `json:"by"`
	PlacedAt          time.Time         `json:"placed_at"`
	ExportedAt        *time.Time        `json:"exported_at"`
	Export            *uuid.UUID        `json:"export"`
	Links             map[string]string `json:"links"`
}

func (s *API) orderView(o sql.ListedOrder) orderView {
	v := orderView{
		ID: o.ID, Number: o.Number, Establishment: o.UAI, EstablishmentName: o.Establishment, Quantity: o.Quantity, Received: o.Received,
		Comment: o.Comment, State: o.State, By: textOrNil(o.ByName), PlacedAt: o.PlacedAt, ExportedAt: respond.TimeOrNil(o.ExportedAt),
		Links: map[string]string{"self": s.url + orderPath(o.ID), "page": s.url + address.OrderURL(o.ID)},
	}
	if o.Export != uuid.Nil {
		v.Export = &o.Export
	}
	return v
}

func orderPath(id uuid.UUID) string { return "/api/v1/orders/" + id.String() }

// postOrder orders keys. Approvers and delegates of the establishment, and support.
func (s *API) postOrder(c *gin.Context) error {
	cmd := act.Command{Name: okey.ActionOrder, Via: okey.ViaAPI}
	content := &cmd.Content
	err := respond.ReadJSON(c, respond.Fields{
		"establishment": &content.Establishment, "quantity": &content.Quantity, "comment": &content.Comment,
	})
	if err == nil {
		cmd.Action, err = respond.ActionOf(c)
	}
	if err != nil {
		return err
	}
	return s.do(c, cmd, s.orderReply(c, http.StatusCreated))
}

// orderSignal takes what is wanted of an order that exists.
func (s *API) orderSignal(name okey.ActionName) handler {
	return func(c *gin.Context) error {
		id, err := uuid.Parse(c.Param("id"))
		if err != nil {
			return act.NoSuchOrder()
		}
		cmd := act.Command{Name: name, Subject: id, Via: okey.ViaAPI}
		cmd.Read(c, respond.ReadJSON(c, respond.Fields{"quantity": &cmd.Content.Quantity, "comment": &cmd.Content.Comment}))
		return s.do(c, cmd, s.orderReply(c, http.StatusOK))
	}
}

func (s *API) orderReply(c *gin.Context, status int) reply {
	return reply{
		again:  func(a okey.Action) string { return orderPath(a.Subject) },
		status: status,
		view: func(a okey.Action) (any, error) {
			o, err := s.store.Order(c.Request.Context(), a.Subject)
			return s.orderView(o), err
		},
	}
}

func (s *API) getOrder(c *gin.Context) error {
	o, err := s.act.VisibleOrder(c.Request.Context(), callerOf(c).Actor, c.Param("id"))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, s.orderView(o))
	return nil
}

// listOrders answers the orders of the caller's establishments, newest first.
func (s *API) listOrders(c *gin.Context) error {
	filter, err := orderFilter(c)
	if err != nil {
		return err
	}
	found, next, err := respond.Page(filter.Limit, func(limit int) ([]sql.ListedOrder, error) {
		filter.Limit = limit
		return s.store.ListOrders(c.Request.Context(), callerOf(c).reach(), filter)
	}, func(last sql.ListedOrder) act.OrderCursor { return act.OrderCursor{At: last.PlacedAt, ID: last.ID} })
	if err != nil {
		return err
	}
	s.page(c, "orders", viewsOf(found, s.orderView), next)
	return nil
}

func orderFilter(c *gin.Context) (sql.OrderFilter, error) {
	var f sql.OrderFilter
	var wrong respond.Invalid
	var after act.OrderCursor
	var err error
	_ = wrong.Add(readUAI(c.Query("establishment"), &f.Establishment))
	f.State, err = respond.OneOf("state", c.Query("state"), okey.OrderStates())
	_ = wrong.Add(err)
	f.ChangedSince, err = changedSince(c)
	_ = wrong.Add(err)
	f.Limit, err = respond.LimitOf(c)
	_ = wrong.Add(err)
	_, err = respond.CursorOf(c, &after)
	_ = wrong.Add(err)
	f.BeforePlacedAt, f.AfterID = after.At, after.ID
	_ = wrong.Add(respond.UnknownQuery(c, "establishment", "state", "changed_since", "limit", "cursor"))
	return f, wrong.OrNil()
}

type exportView struct {
	ID       uuid.UUID         `json:"id"`
	At       time.Time         `json:"at"`
	By       *string           `json:"by"`
	Orders   int               `json:"orders"`
	Keys     int               `json:"keys"`
	FileName string            `json:"file_name"`
	SHA256   string            `json:"sha256"`
	Links    map[string]string `json:"links"`
}

func (s *API) exportView(x sql.Export) exportView {
	self := s.url + exportPath(x.ID)
	return exportView{
		ID: x.ID, At: x.At.UTC(), By: textOrNil(x.ByName), Orders: x.Orders, Keys: x.Keys, FileName: x.FileName, SHA256: x.SHA256,
		Links: map[string]string{"self": self, "workbook": self + ".xlsx"},
	}
}

func exportPath(id uuid.UUID) string { return "/api/v1/exports/" + id.String() }

// postExport has all placed orders exported now. Support only.
func (s *API) postExport(c *gin.Context) error {
	cmd := act.Command{Name: okey.ActionExport, Via: okey.ViaAPI}
	cmd.Read(c, respond.ReadJSON(c, nil))
	return s.do(c, cmd, reply{
		again:  func(a okey.Action) string { return exportPath(a.Subject) },
		status: http.StatusCreated,
		view: func(a okey.Action) (any, error) {
			x, err := s.store.Export(c.Request.Context(), a.Subject)
			return s.exportView(x), err
		},
	})
}

func (s *API) listExports(c *gin.Context) error {
	if err := s.act.SeesExports(callerOf(c).Actor); err != nil {
		return err
	}
	found, err := s.store.Exports(c.Request.Context(), respond.MaxLimit)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"exports": viewsOf(found, s.exportView)})
	return nil
}

// getExport answers an export, or with .xlsx its workbook: the bytes that were sent.
func (s *API) getExport(c *gin.Context) error {
	text, whole := strings.CutSuffix(c.Param("id"), ".xlsx")
	x, err := s.act.VisibleExport(c.Request.Context(), callerOf(c).Actor, text)
	if err != nil {
		return err
	}
	if !whole {
		c.JSON(http.StatusOK, s.exportView(x))
		return nil
	}
	content, err := s.store.Workbook(c.Request.Context(), x.ID)
	if err != nil {
		return err
	}
	respond.SendWorkbook(c, x.FileName, x.SHA256, content)
	return nil
}
