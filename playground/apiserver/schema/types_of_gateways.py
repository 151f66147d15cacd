"""The fields of the Gateway API's kinds (v1), as its definitions have them: data, in the notation of builtins.py.

They are custom resources everywhere else, so nothing in them is always there.
"""

TYPES = """
GatewayClass: metadata:ObjectMeta? spec!:GatewayClassSpec? status:GatewayClassStatus?
GatewayClassSpec: controllerName!:string? description:string? parametersRef:ParametersReference?
GatewayClassStatus: conditions:[Condition/type]^ supportedFeatures:[SupportedFeature/name]^
ParametersReference: group!:string? kind!:string? name!:string? namespace:string?
SupportedFeature: name!:string?
Gateway: metadata:ObjectMeta? spec!:GatewaySpec? status:GatewayStatus?
GatewaySpec: gatewayClassName!:string? listeners!:[Listener/name]^ addresses:[GatewayAddress] infrastructure:any
    allowedListeners:any defaultScope:string? tls:any
Listener: name!:string? hostname:string? port!:int32? protocol!:string? allowedRoutes:AllowedRoutes? tls:ListenerTLS?
ListenerTLS: mode:string? certificateRefs:[ObjectName] options:{string}
AllowedRoutes: namespaces:RouteNamespaces? kinds:[RouteKind]
RouteNamespaces: from:string? selector:any
RouteKind: group:string? kind!:string?
GatewayAddress: type:string? value:string?
GatewayStatus: addresses:[GatewayAddress] attachedListenerSets:int32? conditions:[Condition/type]^
    listeners:[ListenerStatus/name]^
ListenerStatus: name!:string? attachedRoutes!:int32? supportedKinds:[RouteKind] conditions!:[Condition/type]^
HTTPRoute: metadata:ObjectMeta? spec!:HTTPRouteSpec? status:HTTPRouteStatus?
HTTPRouteSpec: parentRefs:[ParentReference] useDefaultGateways:string? hostnames:[string] rules:[HTTPRouteRule]
ParentReference: group:string? kind:string? namespace:string? name!:string? sectionName:string? port:int32?
HTTPRouteRule: name:string? matches:[HTTPRouteMatch] filters:[HTTPRouteFilter] backendRefs:[HTTPBackendRef]
    timeouts:HTTPRouteTimeouts? retry:any sessionPersistence:any
HTTPRouteMatch: path:HTTPPathMatch? headers:[HTTPMatch/name]^ queryParams:[HTTPMatch/name]^ method:string?
HTTPPathMatch: type:string? value:string?
HTTPMatch: type:string? name!:string? value!:string?
HTTPBackendRef: group:string? kind:string? name!:string? namespace:string? port:int32? weight:int32? filters:[HTTPRouteFilter]
HTTPRouteFilter: type!:string? requestHeaderModifier:HTTPHeaderFilter? responseHeaderModifier:HTTPHeaderFilter?
    requestMirror:HTTPRequestMirrorFilter? requestRedirect:HTTPRequestRedirectFilter? urlRewrite:HTTPURLRewriteFilter? cors:any
    externalAuth:any extensionRef:LocalName?
HTTPHeaderFilter: set:[HTTPHeaderValue/name]^ add:[HTTPHeaderValue/name]^ remove:[string/=]
HTTPHeaderValue: name!:string? value!:string?
HTTPRequestMirrorFilter: backendRef!:ObjectName? percent:int32? fraction:Fraction?
Fraction: numerator!:int32? denominator:int32?
HTTPRequestRedirectFilter: scheme:string? hostname:string? path:HTTPPathModifier? port:int32? statusCode:int64?
HTTPURLRewriteFilter: hostname:string? path:HTTPPathModifier?
HTTPPathModifier: type!:string? replaceFullPath:string? replacePrefixMatch:string?
HTTPRouteTimeouts: request:string? backendRequest:string?
ObjectName: group:string? kind:string? name!:string? namespace:string? port:int32?
LocalName: group!:string? kind!:string? name!:string?
HTTPRouteStatus: parents!:[RouteParentStatus]
RouteParentStatus: parentRef!:ParentReference? controllerName!:string? conditions:[Condition/type]^
"""
