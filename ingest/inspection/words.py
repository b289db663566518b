"""What columns are called in the systems and languages people export from."""

# ruff: noqa: E501 - lists of words

import re
import unicodedata

STRONG: dict[str, str] = {
    "case_id": "caseid case_id casekey case_key caseidentifier traceid trace_id fall fallnummer fallid "
    "vorgangsnr vorgangsnummer vorgangsid vorgang_nr aktenzeichen dossier n_dossier num_dossier expediente "
    "documentkey document_key parentid parent_id processinstanceid process_instance_id instanceid "
    "workflowid ケース 案件 案件番号 ケースid 案例 case 实例 zaak zaaknummer pratica numero_pratica id_caso caso",
    "activity": "activity activityname activity_name activity_en aktivitat aktivitaet tatigkeit taetigkeit "
    "schritt arbeitsschritt prozessschritt vorgangsschritt activite etape actividad paso attivita atividade "
    "etapa activiteit stap step stepname eventname event_name operation taskname task_name アクティビティ "
    "作業 活動 工程 処理 处理 活动 步骤 transaktion tcode newvalue new_value value_new tostring",
    "timestamp": "timestamp eventtime event_time datetime zeitstempel completetime complete_time endtime "
    "end_time completed finished completiontime completion_time horodatage fecha_hora marca_de_tiempo "
    "endzeit endzeitpunkt ende fin date_fin einde tijdstip 日時 タイムスタンプ 終了日時 完了日時 終了 時刻 时间 时间戳 "
    "occurredat occurred_at data_ora",
    "start": "start starttime start_time startzeit beginn begin begintime begin_time anfang debut date_debut "
    "inicio inizio started startedat started_at starttimestamp start_timestamp startdatum 開始 開始日時 开始时间 "
    "actualstart",
    "resource": "resource user username user_name userid user_id usernam bearbeiter bearbeiterin "
    "sachbearbeiter benutzer mitarbeiter utilisateur agent responsable usuario utente operatore employee "
    "performer actor clerk assignee assignedto assigned_to changedby changed_by createdby created_by createdbyid "
    "sys_created_by modifiedby updatedby medewerker behandelaar 担当者 作業者 ユーザー 用户 author operator "
    "ressource recurso risorsa",
    "lifecycle": "lifecycle transition lifecycletransition",
    "cost": "cost costs kosten cout coste costo custo totalcost 費用 成本",
    "system": "system sourcesystem source_system application quellsystem systeme sistema システム",
}
WEAK: dict[str, str] = {
    "case_id": "order ordernumber orderid ticket ticketid ticketnumber issue issuekey claim claimid request "
    "application loan incident number nr no nummer numero num id key key_id auftrag auftragsnr bestellung "
    "bestellnummer beleg belegnummer ebeln vbeln invoice po purchaseorder commande numero_commande demande "
    "pedido solicitud ordine pratica aanvraag process prozess processo proces trace reference ref referenz "
    "番号 注文番号 伝票番号 订单 单号 编号 guid uuid vorgang sache client_request",
    "activity": "event action task status state stage phase kind type vorgang massnahme evenement action "
    "evento accion tarea stato azione fase taak handeling gebeurtenis ステータス 状態 状态 操作 イベント concept "
    "vorgangsart ereignis meldung field fieldname what message description bezeichnung name tache",
    "timestamp": "time ts dt dttm tstamp epoch unixtime date end zeit datum uhrzeit when at heure fecha hora ora tijd udate 日付 日期 時間 created "
    "createddate created_at createdon sys_created_on closed done stop ended changed changedat erfasst",
    "start": "opened begun from von",
    "resource": "who person worker owner von by name team group role nom nombre operador from 担当",
    "lifecycle": "status phase",
    "cost": "price amount expense betrag montant importe importo preis 金額",
    "system": "source quelle app origin",
}
AGAINST: dict[str, str] = {
    "case_id": "line item pos position posten row zeile ligne event event_id eventid customer kunde client "
    "user resource amount betrag parent_case type count total version material plant task_id",
    "activity": "comment text subject priority prio severity category region country land city segment "
    "channel kanal risk risiko currency wahrung unit resource user role group department lang language "
    "old oldvalue previous summary note notes id key code product vendor supplier customer kunde team",
    "timestamp": "due planned plan target deadline birth geburtsdatum expected estimated scheduled valid "
    "faellig fallig frist soll enabled expiry expires load loaded insert inserted extracted sla "
    "echeance prevu prevue import imported posting_period target_date enddate_planned",
    "start": "due planned plan target deadline birth expected estimated scheduled valid soll planned_start",
    "resource": "count id_type status activity item",
    "lifecycle": "",
    "cost": "center centre stelle type unit",
    "system": "type operating date",
}
NAMES = ("case_id", "activity", "timestamp", "start", "resource", "lifecycle", "cost", "system")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def tokens(name: str) -> tuple[str, ...]:
    """The words of a column's name, lower case and without accents: `sysCreatedOn` is sys, created, on."""
    spaced = CAMEL.sub(" ", _plain(name))
    return tuple(word.casefold() for word in re.findall(r"[^\W_]+", spaced))


def _table(words: dict[str, str]) -> dict[str, frozenset[str]]:
    return {field: frozenset("".join(tokens(w)) for w in text.split()) for field, text in words.items()}


STRONG_OF, WEAK_OF, AGAINST_OF = _table(STRONG), _table(WEAK), _table(AGAINST)


def fit(field: str, name: str) -> float:
    """How well a column's name says that it is `field`: 2 is certain, 0 says nothing, below 0 against it."""
    parts = tokens(name)
    joined = _joined(parts)
    if not parts:
        return 0.0
    said = 0.0
    if joined & STRONG_OF[field]:
        # The more of the name the word is, the surer: `Activity` before `Activity group`.
        longest = max(len(word) for word in joined & STRONG_OF[field])
        said = 1.2 + 0.8 * longest / len("".join(parts))
    elif joined & WEAK_OF[field]:
        longest = max(len(word) for word in joined & WEAK_OF[field])
        said = 0.5 + 0.7 * longest / len("".join(parts))
    elif any(_inside(word, parts) for word in STRONG_OF[field]):
        said = 0.7
    if joined & AGAINST_OF[field]:
        said -= 1.0
    return said


def _joined(parts: tuple[str, ...]) -> frozenset[str]:
    """Every run of neighbouring words written as one."""
    runs = range(1, min(3, len(parts)) + 1)
    return frozenset("".join(parts[i : i + n]) for n in runs for i in range(len(parts) - n + 1))


def _inside(word: str, parts: tuple[str, ...]) -> bool:
    """A long word within a longer one, as German and Japanese write compounds."""
    least = 5 if word.isascii() else 2
    return len(word) >= least and any(word in part for part in parts)
