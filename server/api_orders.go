package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"okey/okey"
	"okey/sql"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

const pathOrders = "/commandes"

func (s *Server) orderRoutes(people gin.IRouter) {
	people.POST("/orders", s.postOrder)
	people.GET("/orders", s.listOrders)
	people.GET("/orders/:id", s.getOrder)
	people.POST("/orders/:id/signals/cancellation", s.orderSignal(okey.ActionCancellation))
	people.POST("/orders/:id/signals/shipment", s.orderSignal(okey.ActionShipment))
	people.POST("/orders/:id/signals/closing", s.orderSignal(okey.ActionClosing))
	people.POST("/orders/:id/signals/receipt", s.orderSignal(okey.ActionReceipt))
	people.POST("/exports", s.postExport)
	people.GET("/exports", s.listExports)
	people.Match([]string{http.MethodGet, http.MethodHead}, "/exports/:id", s.getExport)
}

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

func (s *Server) orderView(o sql.ListedOrder) orderView {
	v := orderView{
		ID: o.ID, Number: o.Number, Establishment: o.UAI, EstablishmentName: o.Establishment, Quantity: o.Quantity, Received: o.Received,
		Comment: o.Comment, State: o.State, By: textOrNil(o.ByName), PlacedAt: o.PlacedAt, ExportedAt: timeOrNil(o.ExportedAt),
		Links: map[string]string{"self": s.url + orderPath(o.ID), "page": s.url + "/commandes/" + o.ID.String()},
	}
	if o.Export != uuid.Nil {
		v.Export = &o.Export
	}
	return v
}

func orderPath(id uuid.UUID) string { return "/api/v1/orders/" + id.String() }

// postOrder orders keys. Approvers and delegates of the establishment, and support.
func (s *Server) postOrder(c *gin.Context) {
	var body struct {
		Establishment string `json:"establishment"`
		Quantity      int    `json:"quantity"`
		Comment       string `json:"comment"`
	}
	w := wish{Name: okey.ActionOrder, Via: okey.ViaAPI}
	err := readJSON(c, &body)
	if err == nil {
		w.Action, err = actionOf(c)
	}
	if err != nil {
		fail(c, err)
		return
	}
	w.Content = okey.Content{Establishment: okey.UAI(body.Establishment), Quantity: body.Quantity, Comment: body.Comment}
	s.actOnOrder(c, w, http.StatusCreated)
}

// orderSignal takes what is wanted of an order that exists.
func (s *Server) orderSignal(name okey.ActionName) gin.HandlerFunc {
	return func(c *gin.Context) {
		var body struct {
			Quantity int    `json:"quantity"`
			Comment  string `json:"comment"`
		}
		id, err := uuid.Parse(c.Param("id"))
		if err != nil {
			fail(c, noSuchOrder())
			return
		}
		w := wish{Name: name, Subject: id, Via: okey.ViaAPI}
		w.read(c, readJSON(c, &body))
		w.Content = okey.Content{Comment: body.Comment, Quantity: body.Quantity}
		s.actOnOrder(c, w, http.StatusOK)
	}
}

func (s *Server) actOnOrder(c *gin.Context, w wish, status int) {
	ctx := c.Request.Context()
	done, err := s.act(ctx, callerOf(c).Actor, w)
	switch {
	case err != nil:
		fail(c, err)
	case done.recorded():
		c.Header("Location", orderPath(done.Action.Subject))
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.accepted():
		status, refusal := s.explain(ctx, done)
		failWith(c, status, refusal)
	default:
		o, err := s.store.Order(ctx, done.Action.Subject)
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(status, s.orderView(o))
	}
}

func noSuchOrder() error {
	return okey.Errorf(okey.CodeNotFound, "Cette commande n'existe pas, ou elle n'est pas pour vous.")
}

// visibleOrder is an order that the actor may see; not_found otherwise.
func (s *Server) visibleOrder(ctx context.Context, actor okey.Actor, text string) (sql.ListedOrder, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return sql.ListedOrder{}, noSuchOrder()
	}
	o, err := s.store.Order(ctx, id)
	if err != nil {
		return o, err
	}
	return o, s.permitAt(ctx, actor, &wish{}, okey.ActSee, o.UAI)
}

func (s *Server) getOrder(c *gin.Context) {
	o, err := s.visibleOrder(c.Request.Context(), callerOf(c).Actor, c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, s.orderView(o))
}

type orderCursor struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// listOrders answers the orders of the caller's establishments, newest first.
func (s *Server) listOrders(c *gin.Context) {
	var f sql.OrderFilter
	var wrong invalid
	var at orderCursor
	var err error
	_ = wrong.add(readUAI(c.Query("establishment"), &f.Establishment))
	f.State, err = oneOf("state", c.Query("state"), okey.OrderState.Valid, okey.OrderStates())
	_ = wrong.add(err)
	limit, err := limitOf(c)
	_ = wrong.add(err)
	_, err = cursorOf(c, &at)
	_ = wrong.add(err)
	_ = wrong.add(unknownQuery(c, "establishment", "state", "limit", "cursor"))
	if err := wrong.orNil(); err != nil {
		fail(c, err)
		return
	}
	f.BeforePlacedAt, f.AfterID, f.Limit = at.At, at.ID, limit+1
	found, err := s.store.ListOrders(c.Request.Context(), callerOf(c).reach(), f)
	if err != nil {
		fail(c, err)
		return
	}
	var next *string
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		if next, err = nextCursor(orderCursor{last.PlacedAt, last.ID}); err != nil {
			fail(c, err)
			return
		}
	}
	views := make([]orderView, len(found))
	for i, o := range found {
		views[i] = s.orderView(o)
	}
	c.JSON(http.StatusOK, gin.H{"orders": views, "next": next})
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

func (s *Server) exportView(x sql.Export) exportView {
	self := s.url + exportPath(x.ID)
	return exportView{
		ID: x.ID, At: x.At.UTC(), By: textOrNil(x.ByName), Orders: x.Orders, Keys: x.Keys, FileName: x.FileName, SHA256: x.SHA256,
		Links: map[string]string{"self": self, "workbook": self + ".xlsx"},
	}
}

func exportPath(id uuid.UUID) string { return "/api/v1/exports/" + id.String() }

// postExport has all placed orders exported now. Support only.
func (s *Server) postExport(c *gin.Context) {
	ctx := c.Request.Context()
	w := wish{Name: okey.ActionExport, Via: okey.ViaAPI}
	w.read(c, readJSON(c, &struct{}{}))
	done, err := s.act(ctx, callerOf(c).Actor, w)
	switch {
	case err != nil:
		fail(c, err)
	case done.recorded():
		c.Header("Location", exportPath(done.Action.Subject))
		c.JSON(http.StatusAccepted, recordedView(done.Action))
	case !done.accepted():
		status, refusal := s.explain(ctx, done)
		failWith(c, status, refusal)
	default:
		x, err := s.store.Export(ctx, done.Action.Subject)
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(http.StatusCreated, s.exportView(x))
	}
}

// seesExports lets support and auditors through.
func (s *Server) seesExports(actor okey.Actor) error {
	return okey.May(okey.ActSeeDesk, actor, okey.Subject{}, okey.DayOf(time.Now(), okey.ZoneOf("")))
}

func (s *Server) listExports(c *gin.Context) {
	err := s.seesExports(callerOf(c).Actor)
	var found []sql.Export
	if err == nil {
		found, err = s.store.Exports(c.Request.Context(), 200)
	}
	if err != nil {
		fail(c, err)
		return
	}
	views := make([]exportView, len(found))
	for i, x := range found {
		views[i] = s.exportView(x)
	}
	c.JSON(http.StatusOK, gin.H{"exports": views})
}

// getExport answers an export, or with .xlsx its workbook: the bytes that were sent.
func (s *Server) getExport(c *gin.Context) {
	text, whole := strings.CutSuffix(c.Param("id"), ".xlsx")
	x, err := s.visibleExport(c.Request.Context(), callerOf(c).Actor, text)
	var content []byte
	if err == nil && whole {
		content, err = s.store.Workbook(c.Request.Context(), x.ID)
	}
	switch {
	case err != nil:
		fail(c, err)
	case whole:
		sendWorkbook(c, x.FileName, x.SHA256, content)
	default:
		c.JSON(http.StatusOK, s.exportView(x))
	}
}

func (s *Server) visibleExport(ctx context.Context, actor okey.Actor, text string) (sql.Export, error) {
	if err := s.seesExports(actor); err != nil {
		return sql.Export{}, err
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return sql.Export{}, okey.Errorf(okey.CodeNotFound, "Ce classeur n'existe pas, ou il n'est pas pour vous.")
	}
	return s.store.Export(ctx, id)
}

func permitOrder(act okey.Act) func(context.Context, *Server, okey.Actor, *wish) error {
	return func(ctx context.Context, s *Server, actor okey.Actor, w *wish) error {
		o, err := s.store.Order(ctx, w.Subject)
		if err != nil {
			return err
		}
		return s.permitAt(ctx, actor, w, act, o.UAI)
	}
}

func normaliseOrder(w *wish) error {
	var wrong invalid
	uai, err := okey.ParseUAI(string(w.Content.Establishment))
	if err := wrong.add(inField("establishment", err)); err != nil {
		return err
	}
	if w.Content.Quantity < 1 || w.Content.Quantity > okey.MaxOrder {
		wrong = append(wrong, okey.InvalidField("quantity", "Commandez de 1 à %d clefs.", okey.MaxOrder))
	}
	comment, err := okey.CheckText("comment", w.Content.Comment, true)
	if err := wrong.add(err); err != nil {
		return err
	}
	w.Content = okey.Content{Establishment: uai, Quantity: w.Content.Quantity, Comment: comment}
	return wrong.orNil()
}

// inField says of which field an error is.
func inField(field string, err error) error {
	if err == nil {
		return nil
	}
	return okey.InvalidField(field, "%s", okey.ErrorMessage(err))
}

func normaliseComment(w *wish) error {
	comment, err := okey.CheckText("comment", w.Content.Comment, false)
	w.Content = okey.Content{Comment: comment}
	return err
}

// normaliseReason is for what support may do only if it says why.
func normaliseReason(w *wish) error {
	comment, err := okey.CheckText("comment", w.Content.Comment, true)
	w.Content = okey.Content{Comment: comment}
	return err
}

func normaliseReceipt(w *wish) error {
	quantity := w.Content.Quantity
	err := normaliseComment(w)
	w.Content.Quantity = quantity
	if err == nil && quantity < 1 {
		err = okey.InvalidField("quantity", "Écrivez combien de clefs sont arrivées.")
	}
	return err
}
